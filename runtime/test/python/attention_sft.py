"""Loss and norm of the gradient of an objective on attention beside that on tokens, with transformers and torch: argv[1] is a folder with `policy` and `rows.json`,
[{tokens: ids, learned: flags, image: flags, system: flags}], padded by nobody. L = L_LM + 0.15 L_enh + 0.15 L_sup, with L_enh = -mean log(mean A on image tokens) and
L_sup = mean log(mean A on system tokens + 1e-6), both in the mean over layers, heads and rows (AVAR, arXiv 2603.03825); queries are where learned tokens are predicted."""

import json
import sys

import torch
from transformers import AutoModelForCausalLM

folder = sys.argv[1]
model = AutoModelForCausalLM.from_pretrained(f"{folder}/policy", dtype=torch.float32, attn_implementation="eager")
rows = json.load(open(f"{folder}/rows.json"))

nll, count, enhance, suppress, ratios = 0.0, 0, [], [], []
for row in rows:
    ids = torch.tensor([row["tokens"]])
    learned = torch.tensor(row["learned"][1:], dtype=torch.bool)
    out = model(input_ids=ids[:, :-1], output_attentions=True)
    logp = torch.log_softmax(out.logits[0], dim=-1).gather(1, ids[0, 1:, None])[:, 0]
    nll, count = nll - logp[learned].sum(), count + int(learned.sum())
    roles = {role: torch.tensor(row[role][:-1], dtype=torch.bool) for role in ("image", "system")}
    for layer in out.attentions:
        looking = layer[0][:, learned]  # [heads, queries, keys]
        enhance.append(torch.log(looking[:, :, roles["image"]].mean(dim=(1, 2))))
        suppress.append(torch.log(looking[:, :, roles["system"]].mean(dim=(1, 2)) + 1e-6))
        ratios.append((looking[:, :, roles["image"]].sum(-1) / looking[:, :, roles["system"]].sum(-1)).mean())

attention = 0.15 * torch.cat(suppress).mean() - 0.15 * torch.cat(enhance).mean()
loss = nll / count + attention
loss.backward()
norm = torch.nn.utils.get_total_norm([p.grad for p in model.parameters() if p.grad is not None])
print(json.dumps({"loss": loss.item(), "attention": attention.item(), "norm": norm.item(), "looks": torch.stack(ratios).mean().item()}))
