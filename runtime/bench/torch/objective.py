# The same objective in PyTorch, value and gradient by autograd: rewards compared in groups of eight, the clipped surrogate, the mean over tokens.

from turns import loaded, need, row, task, turns

torch = need(lambda: __import__("torch"))
torch.set_num_threads(task["threads"])
loaded()
torch.manual_seed(0)
rollouts, tokens, group = row["batch"], row["tokens"], 8
logp = (-2 * torch.rand(rollouts, tokens)).requires_grad_()
old_logp = logp.detach() + 0.3 * torch.rand(rollouts, tokens) - 0.15
reward = torch.randint(0, 5, (rollouts,)) / 4
mask = ((torch.arange(tokens) >= 16) & (torch.arange(tokens) < 512 + torch.arange(rollouts)[:, None] % 512)).float()


def objective():
    grouped = reward.view(-1, group)
    advantage = ((grouped - grouped.mean(1, keepdim=True)) / (grouped.std(1, keepdim=True) + 1e-4)).view(-1, 1)
    ratio = torch.exp(logp - old_logp)
    loss = torch.max(-advantage * ratio, -advantage * ratio.clamp(0.8, 1.2))
    value = (loss * mask).sum() / mask.sum()
    logp.grad = None
    value.backward()
    return value.item()


turns(objective)
