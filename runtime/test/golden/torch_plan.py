# Objectives of arms, as PyTorch. Written by rlpc 0.

import torch


def rl_advantage(reward):
    """Advantage of rl["cold",0], rl["colder",0].

        advantage = std/advantages.group_relative
        loss = std/losses.clipped(clip = 0.2..0.28)
        aggregate = std/aggregations.constant_length(length = 80 tokens)

    Args:
        reward: [G, N]

    Returns:
        advantage: [G, N]
    """
    N = reward.shape[1]
    centred = reward - reward.sum(-1, keepdim=True) / max(N, 1)
    variance = centred.square().sum(-1, keepdim=True) / max(N - 1, 1)
    above = variance > 0
    total = torch.where(above, torch.sqrt(torch.where(above, variance, 1)), 0) + 0.0001
    advantage = centred / total
    return advantage


def rl_loss(logp, old_logp, advantage, *, mask):
    """Loss of rl["cold",0], rl["colder",0].

        advantage = std/advantages.group_relative
        loss = std/losses.clipped(clip = 0.2..0.28)
        aggregate = std/aggregations.constant_length(length = 80 tokens)

    Args:
        logp, old_logp, mask: [G, N, T]
        advantage: [G, N]

    Returns:
        loss: []
    """
    counted = mask > 0
    logp = torch.where(counted, logp, 0)
    old_logp = torch.where(counted, old_logp, 0)
    ratio = torch.exp(logp - old_logp)
    minus_advantage = -advantage.detach()
    product = minus_advantage[..., None] * ratio.clamp(0.8, 1.28)
    loss = torch.maximum(ratio * minus_advantage[..., None], product)
    return torch.where(counted, loss, 0).sum() / counted.to(logp.dtype).sum().clamp(min=1)


def rl_weigh(logp, old_logp, reward, *, mask):
    """Gradient of the loss per token of rl["cold",0], rl["colder",0].

        advantage = std/advantages.group_relative
        loss = std/losses.clipped(clip = 0.2..0.28)
        aggregate = std/aggregations.constant_length(length = 80 tokens)

    Args:
        logp, old_logp, mask: [G, N, T]
        reward: [G, N]

    Returns:
        dlogp: [G, N, T]
        advantage: [G, N]
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
    product = ratio * minus_advantage[..., None]
    product_2 = minus_advantage[..., None] * ratio.clamp(0.8, 1.28)
    loss = torch.maximum(product, product_2)
    count = counted.to(logp.dtype).sum().clamp(min=1)
    loss_2 = torch.where(counted, loss, 0).sum() / count
    quotient = torch.where(counted, 1 / count, 0)
    chosen = torch.where(product == product_2, quotient * 0.5, quotient)
    product_3 = minus_advantage[..., None] * torch.where(product_2 < product, 0, chosen)
    product_4 = minus_advantage[..., None] * torch.where(product < product_2, 0, chosen)
    total_2 = torch.where(ratio > 1.28, 0, torch.where(ratio < 0.8, 0, product_3)) + product_4
    dlogp = torch.where(counted, ratio * total_2, 0)
    return dlogp, advantage, loss_2


def rl_advantage_2(reward):
    """Advantage of rl["warm",0].

        advantage = std/advantages.group_relative
        loss = std/losses.policy_gradient
        aggregate = std/aggregations.constant_length(length = 80 tokens)

    Args:
        reward: [G, N]

    Returns:
        advantage: [G, N]
    """
    N = reward.shape[1]
    advantage = (reward - reward.sum(-1, keepdim=True) / max(N, 1)) * N / max(N - 1, 1)
    return advantage


def rl_loss_2(logp, advantage, *, mask):
    """Loss of rl["warm",0].

        advantage = std/advantages.group_relative
        loss = std/losses.policy_gradient
        aggregate = std/aggregations.constant_length(length = 80 tokens)

    Args:
        logp, mask: [G, N, T]
        advantage: [G, N]

    Returns:
        loss: []
    """
    G, N, _ = mask.shape
    counted = mask > 0
    logp = torch.where(counted, logp, 0)
    loss = logp * (-advantage.detach())[..., None]
    count = counted.to(logp.dtype).sum(-1).clamp(min=1)
    return (torch.where(counted, loss, 0).sum(-1) / count).sum() / max(G * N, 1)


def rl_weigh_2(reward, *, mask):
    """Gradient of the loss per token of rl["warm",0].

        advantage = std/advantages.group_relative
        loss = std/losses.policy_gradient
        aggregate = std/aggregations.constant_length(length = 80 tokens)

    Args:
        reward: [G, N]
        mask: [G, N, T]

    Returns:
        dlogp: [G, N, T]
        advantage: [G, N]
    """
    G, N, _ = mask.shape
    counted = mask > 0
    advantage = (reward - reward.sum(-1, keepdim=True) / max(N, 1)) * N / max(N - 1, 1)
    quotient = 1 / max(G * N, 1) / counted.to(reward.dtype).sum(-1, keepdim=True).clamp(min=1)
    product = (-advantage.detach())[..., None] * torch.where(counted, quotient, 0)
    dlogp = torch.where(counted, product, 0)
    return dlogp, advantage
