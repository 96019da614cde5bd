import torch


def grpo_weigh(logp, old_logp, ref_logp, reward, *, mask):
    """The graph weigh.

    Args:
        logp, old_logp, ref_logp, mask: [G, N, T]
        reward: [G, N]

    Returns:
        dlogp: [G, N, T]
        advantage: [G, N]
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
    product = ratio * minus_advantage[..., None]
    product_2 = minus_advantage[..., None] * ratio.clamp(0.8, 1.28)
    d = ref_logp - logp
    exp = torch.exp(d)
    loss = torch.maximum(product, product_2) + (exp - d - 1) * 0.04
    count = counted.to(logp.dtype).sum(-1).clamp(min=1)
    loss_2 = (torch.where(counted, loss, 0).sum(-1) / count).sum() / max(G * N, 1)
    quotient = torch.where(counted, (1 / max(G * N, 1) / count)[..., None], 0)
    product_3 = quotient * 0.04
    chosen = torch.where(product == product_2, quotient * 0.5, quotient)
    product_4 = minus_advantage[..., None] * torch.where(product_2 < product, 0, chosen)
    product_5 = minus_advantage[..., None] * torch.where(product < product_2, 0, chosen)
    total_2 = torch.where(ratio > 1.28, 0, torch.where(ratio < 0.8, 0, product_4)) + product_5
    dlogp = torch.where(counted, ratio * total_2 - (exp * product_3 - product_3), 0)
    return dlogp, advantage, loss_2
