# The same model, batch and steps as bench/main.ts in PyTorch: the competitor that its ratios are made with.
# Prints one JSON object; transformers is not needed (a lean loop, so the comparison is not against framework overhead).

import json
import sys
import time

import torch
import torch.nn.functional as F

spec = json.loads(sys.argv[1])
torch.set_num_threads(spec["threads"])
torch.manual_seed(0)
L, D, H, M, V = spec["layers"], spec["width"], spec["heads"], spec["mlp"], spec["vocabulary"]
B, T = spec["batch"], spec["tokens"]
R, P, N = spec["rollouts"], spec["prompt"], spec["new"]
Dh = D // H


def rms(x, w):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * w


def rope(x, cos, sin):
    half = x.shape[-1] // 2
    return x * cos + torch.cat((-x[..., half:], x[..., :half]), -1) * sin


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.n1, self.n2 = torch.nn.Parameter(torch.ones(D)), torch.nn.Parameter(torch.ones(D))
        lin = lambda i, o: torch.nn.Linear(i, o, bias=False)
        self.q, self.k, self.v, self.o = lin(D, D), lin(D, D), lin(D, D), lin(D, D)
        self.gate, self.up, self.down = lin(D, M), lin(D, M), lin(M, D)

    def forward(self, x, cos, sin, cache=None):
        b, t, _ = x.shape
        h = rms(x, self.n1)
        split = lambda y: y.view(b, t, H, Dh).transpose(1, 2)
        q, k, v = rope(split(self.q(h)), cos, sin), rope(split(self.k(h)), cos, sin), split(self.v(h))
        if cache is not None:
            at, K, W = cache
            K[:, :, at : at + t], W[:, :, at : at + t] = k, v
            k, v = K[:, :, : at + t], W[:, :, : at + t]
        y = F.scaled_dot_product_attention(q, k, v, is_causal=t > 1)
        x = x + self.o(y.transpose(1, 2).reshape(b, t, D))
        h = rms(x, self.n2)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(V, D)
        self.blocks = torch.nn.ModuleList(Block() for _ in range(L))
        self.norm = torch.nn.Parameter(torch.ones(D))
        self.head = torch.nn.Linear(D, V, bias=False)
        frequency = 1.0 / (100.0 ** (torch.arange(0, Dh, 2) / Dh))
        angle = torch.outer(torch.arange(512), frequency)
        self.cos, self.sin = torch.cat((angle, angle), -1).cos(), torch.cat((angle, angle), -1).sin()

    def forward(self, ids, caches=None, at=0):
        t = ids.shape[1]
        cos, sin = self.cos[at : at + t], self.sin[at : at + t]
        x = self.embed(ids)
        for i, block in enumerate(self.blocks):
            x = block(x, cos, sin, None if caches is None else (at, *caches[i]))
        return self.head(rms(x, self.norm))


model = Model()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.98), weight_decay=0.01)
ids = torch.randint(0, V, (B, T + 1))


def step():
    logits = model(ids[:, :-1])
    loss = F.cross_entropy(logits.reshape(-1, V), ids[:, 1:].reshape(-1))
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


@torch.no_grad()
def rollout():
    caches = [(torch.zeros(R, H, P + N, Dh), torch.zeros(R, H, P + N, Dh)) for _ in range(L)]
    logits = model(torch.randint(0, V, (R, P)), caches, 0)[:, -1]
    for i in range(N):
        logp = F.log_softmax(logits, -1)
        token = torch.multinomial(logp.exp(), 1)
        logp.gather(1, token)
        if i < N - 1:
            logits = model(token, caches, P + i)[:, -1]


def measure(run, times):
    run()
    best = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        best.append((time.perf_counter() - start) * 1000)
    best.sort()
    return {"min": best[0], "median": best[len(best) // 2]}


print(json.dumps({"torch": torch.__version__, "step": measure(step, spec["repeat"]), "rollout": measure(rollout, max(3, spec["repeat"] // 5))}))
