"""One update of the critics and one of actor and temperature of an agent, with torch in float64: argv[1] is a JSON of sizes, weights by name, feeds, and the settings of the
stage. Prints losses and the weights afterwards. Cal-QL (arXiv 2303.05479) on an ensemble whose targets are the lowest of a subset (REDQ, arXiv 2101.05982), then SAC's actor."""

import json
import math
import sys

import torch

torch.set_default_dtype(torch.float64)
case = json.load(open(sys.argv[1]))
S = case["settings"]
W = {name: torch.tensor(w["data"]).reshape(w["shape"]) for name, w in case["weights"].items()}
F = {name: torch.tensor(f["data"]).reshape(f["shape"]) for name, f in case["feeds"].items()}
trained = {name: w.requires_grad_() for name, w in W.items() if name.split(".")[0] in ("actor", "critic", "temperature")}


def layers(part, x, ensemble):
    for i in range(S["layers"]):
        x = dense(f"{part}.layers.{i}", x, ensemble)
        if f"{part}.norms.{i}.weight" in W:
            scale, shift = W[f"{part}.norms.{i}.weight"], W[f"{part}.norms.{i}.bias"]
            x = torch.nn.functional.layer_norm(x, x.shape[-1:], eps=1e-6)
            x = x * (scale[:, None] if ensemble else scale) + (shift[:, None] if ensemble else shift)
        x = torch.relu(x)
    return x


def dense(name, x, ensemble):
    w, b = W[f"{name}.weight"], W[f"{name}.bias"]
    return torch.einsum("cmi,coi->cmo", x, w) + b[:, None] if ensemble else torch.nn.functional.linear(x, w, b)


def draw(observation, noise):
    h = layers("actor", observation, False)
    std = dense("actor.log_std", h, False).clamp(-20, 2).exp()
    gauss = torch.distributions.Normal(dense("actor.mean", h, False), std)
    raw = gauss.mean + std * noise
    return torch.tanh(raw), (gauss.log_prob(raw) - torch.log1p(-torch.tanh(raw) ** 2)).sum(-1)


def values(part, observation, action):
    x = torch.cat([observation, action], -1).expand(S["critics"], -1, -1)
    return dense(f"{part}.value", layers(part, x, True), True)[..., 0]


def adam(names, loss, lr):
    grads = torch.autograd.grad(loss, [trained[name] for name in names])
    after = {}
    for name, g in zip(names, grads):
        t = S["updates"] + 1
        m = 0.9 * W[f"adam.m.{name}"] + 0.1 * g
        v = 0.999 * W[f"adam.v.{name}"] + 0.001 * g * g
        after[name] = W[name] - lr * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
    return after


def rows(x, count):
    return x.repeat_interleave(count, 0)


N, K, own = F["observation"].shape[0], S["next_actions"], math.ceil(S["sampled"] / 2)
with torch.no_grad():
    followed = values("target", rows(F["next"], K), draw(rows(F["next"], K), F["next_noise"])[0]).reshape(-1, N, K).amax(2)
    target = F["reward"] + S["discount"] * (1 - F["done"]) * followed[F["subset"].long()].amin(0)
    own_actions = draw(rows(F["observation"], own), F["policy_noise"])[0]
value = values("critic", F["observation"], F["action"])
sampled = torch.cat([values("critic", rows(F["observation"], own), own_actions).reshape(-1, N, own), values("critic", rows(F["observation"], S["sampled"] - own), F["random_actions"]).reshape(-1, N, S["sampled"] - own)], 2)
penalty = torch.logsumexp(torch.maximum(sampled, F["return_to_go"][None, :, None]), 2) - value
critic_loss = ((value - target) ** 2).mean() + S["weight"] * penalty.mean()
after = adam([name for name in trained if name.startswith("critic.")], critic_loss, S["critic_rate"])
for name in list(after):
    follower = name.replace("critic.", "target.")
    after[follower] = (1 - S["polyak"]) * W[follower] + S["polyak"] * after[name]

# The actor is asked with the critics as they were: the two updates are compared one by one.
action, logp = draw(F["observation"], F["noise"])
temperature = trained["temperature.log"].exp()[0]
actor_loss = (temperature.detach() * logp - values("critic", F["observation"], action).mean(0)).mean()
after |= adam([name for name in trained if name.startswith("actor.")], actor_loss, S["actor_rate"])
after |= adam(["temperature.log"], temperature * (-logp.detach() - S["target_entropy"]).mean(), S["temperature_rate"])
print(json.dumps({"critic_loss": critic_loss.item(), "actor_loss": actor_loss.item(), "entropy": -logp.mean().item(), "weights": {name: w.detach().flatten().tolist() for name, w in after.items()}}))
