# A training step in PyTorch: the faster of its AdamW implementations, gradients clipped by their norm.

from turns import loaded, need, row, task, turns

torch = need(lambda: __import__("torch"))
torch.set_num_threads(task["threads"])
from model import VOCABULARY, Model

loaded()
torch.manual_seed(0)
batch, tokens = row["batch"], row["tokens"]
model = Model(tokens)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.01, fused=True)
ids = torch.randint(0, VOCABULARY, (batch, tokens + 1))


def step():
    logits = model(ids[:, :-1])
    torch.nn.functional.cross_entropy(logits.reshape(-1, VOCABULARY), ids[:, 1:].reshape(-1)).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


turns(step)
