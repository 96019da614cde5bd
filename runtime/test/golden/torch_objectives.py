import torch


def grpo(logp, old_logp, ref_logp, reward, *, mask):
    """GRPO: group-relative advantage, clipped surrogate with a k3 penalty, mean of sequence
    means.

    Args:
        logp, old_logp, ref_logp, mask: [G, N, T]
        reward: [G, N]

    Returns:
        loss: []
    """
    G, N, _ = mask.shape
    counted = mask > 0
    logp = torch.where(counted, logp, 0)
    old_logp = torch.where(counted, old_logp, 0)
    ref_logp = torch.where(counted, ref_logp, 0)
    centred = reward - reward.sum(-1, keepdim=True) / max(N, 1)
    variance = centred.square().sum(-1, keepdim=True) / max(N - 1, 1)
    above = variance > 0
    total = torch.where(above, torch.sqrt(torch.where(above, variance, 1)), 0) + 0.0001
    advantage = centred / total
    ratio = torch.exp(logp - old_logp)
    minus_advantage = -advantage.detach()
    d = ref_logp - logp
    product = minus_advantage[..., None] * ratio.clamp(0.8, 1.28)
    larger = torch.maximum(ratio * minus_advantage[..., None], product)
    loss = larger + (torch.exp(d) - d - 1) * 0.04
    count = counted.to(logp.dtype).sum(-1).clamp(min=1)
    return (torch.where(counted, loss, 0).sum(-1) / count).sum() / max(G * N, 1)


def dapo(logp, old_logp, reward, *, mask):
    """DAPO: clip-higher, mean over tokens.

    Args:
        logp, old_logp, mask: [G, N, T]
        reward: [G, N]

    Returns:
        loss: []
    """
    N = mask.shape[1]
    counted = mask > 0
    logp = torch.where(counted, logp, 0)
    old_logp = torch.where(counted, old_logp, 0)
    centred = reward - reward.sum(-1, keepdim=True) / max(N, 1)
    variance = centred.square().sum(-1, keepdim=True) / max(N - 1, 1)
    above = variance > 0
    total = torch.where(above, torch.sqrt(torch.where(above, variance, 1)), 0) + 0.0001
    advantage = centred / total
    ratio = torch.exp(logp - old_logp)
    minus_advantage = -advantage.detach()
    product = minus_advantage[..., None] * ratio.clamp(0.8, 1.28)
    loss = torch.maximum(ratio * minus_advantage[..., None], product)
    return torch.where(counted, loss, 0).sum() / counted.to(logp.dtype).sum().clamp(min=1)


def dr_grpo(logp, old_logp, reward, *, mask):
    """Dr. GRPO: centred advantage, constant length.

    Args:
        logp, old_logp, mask: [G, N, T]
        reward: [G, N]

    Returns:
        loss: []
    """
    G, N, _ = mask.shape
    counted = mask > 0
    logp = torch.where(counted, logp, 0)
    old_logp = torch.where(counted, old_logp, 0)
    advantage = reward - reward.sum(-1, keepdim=True) / max(N, 1)
    ratio = torch.exp(logp - old_logp)
    minus_advantage = -advantage.detach()
    product = minus_advantage[..., None] * ratio.clamp(0.8, 1.2)
    loss = torch.maximum(ratio * minus_advantage[..., None], product)
    return (torch.where(counted, loss, 0).sum(-1) / 80).sum() / max(G * N, 1)


def rloo(logp, reward, *, mask):
    """RLOO: leave-one-out advantage, policy gradient.

    Args:
        logp, mask: [G, N, T]
        reward: [G, N]

    Returns:
        loss: []
    """
    G, N, _ = mask.shape
    counted = mask > 0
    logp = torch.where(counted, logp, 0)
    advantage = (reward - reward.sum(-1, keepdim=True) / max(N, 1)) * N / max(N - 1, 1)
    loss = logp * (-advantage.detach())[..., None]
    count = counted.to(logp.dtype).sum(-1).clamp(min=1)
    return (torch.where(counted, loss, 0).sum(-1) / count).sum() / max(G * N, 1)


def k3(logp, ref_logp, *, mask):
    """The k3 estimate of KL alone.

    Args:
        logp, ref_logp, mask: [G, N, T]

    Returns:
        loss: []
    """
    counted = mask > 0
    logp = torch.where(counted, logp, 0)
    ref_logp = torch.where(counted, ref_logp, 0)
    d = ref_logp - logp
    loss = torch.exp(d) - d - 1
    return torch.where(counted, loss, 0).sum() / counted.to(logp.dtype).sum().clamp(min=1)


def sequence_ratio(logp, old_logp, entropy, reward, *, mask):
    """A ratio of sequences, with an entropy bonus.

    Args:
        logp, old_logp, entropy, mask: [G, N, T]
        reward: [G, N]

    Returns:
        loss: []
    """
    G, N, _ = mask.shape
    counted = mask > 0
    logp = torch.where(counted, logp, 0)
    old_logp = torch.where(counted, old_logp, 0)
    entropy = torch.where(counted, entropy, 0)
    advantage = reward - reward.sum(-1, keepdim=True) / max(N, 1)
    count = counted.to(logp.dtype).sum(-1).clamp(min=1)
    ratio = torch.exp(torch.where(counted, logp - old_logp, 0).sum(-1) / count)
    minus_advantage = -advantage.detach()
    larger = torch.maximum(ratio * minus_advantage, minus_advantage * ratio.clamp(0.8, 1.28))
    loss = larger[..., None] - entropy * 0.01
    return (torch.where(counted, loss, 0).sum(-1) / count).sum() / max(G * N, 1)


def nll(logp, *, mask):
    """Negative log-likelihood of samples.

    Args:
        logp, mask: [N, T]

    Returns:
        loss: []
    """
    counted = mask > 0
    logp = torch.where(counted, logp, 0)
    loss = -logp
    return torch.where(counted, loss, 0).sum() / counted.to(logp.dtype).sum().clamp(min=1)


def dft(logp, *, mask):
    """Dynamic fine-tuning.

    Args:
        logp, mask: [N, T]

    Returns:
        loss: []
    """
    N = mask.shape[0]
    counted = mask > 0
    logp = torch.where(counted, logp, 0)
    loss = logp * -torch.exp(logp).detach()
    count = counted.to(logp.dtype).sum(-1).clamp(min=1)
    return (torch.where(counted, loss, 0).sum(-1) / count).sum() / max(N, 1)
