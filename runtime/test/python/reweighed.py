"""Perplexities of texts under changed attention, with transformers and torch: argv[1] is a folder with `policy` and `rows.json`, [{tokens: ids, learned: flags, factors: numbers}].
Z' = Z + a M_img Z - a M_sys Z of the scores before the soft-max (AVAR, arXiv 2603.03825), as a factor for each key."""

import json
import sys

import torch
from transformers import AttentionInterface, AutoModelForCausalLM

factors = None


def reweighed(module, query, key, value, attention_mask, scaling, dropout=0.0, **kwargs):
    groups = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
    scores = torch.matmul(query, key.transpose(2, 3)) * scaling * factors[None, None, None, :]
    T = scores.shape[-1]
    scores = scores.masked_fill(torch.triu(torch.ones(T, T, dtype=torch.bool), 1), float("-inf"))
    weights = torch.softmax(scores, dim=-1)
    return torch.matmul(weights, value).transpose(1, 2).contiguous(), weights


AttentionInterface.register("reweighed", reweighed)
model = AutoModelForCausalLM.from_pretrained(f"{sys.argv[1]}/policy", dtype=torch.float32, attn_implementation="reweighed")
found = []
for row in json.load(open(f"{sys.argv[1]}/rows.json")):
    ids = torch.tensor([row["tokens"]])
    factors = torch.tensor(row["factors"][:-1])
    learned = torch.tensor(row["learned"][1:], dtype=torch.bool)
    with torch.no_grad():
        logp = torch.log_softmax(model(input_ids=ids[:, :-1]).logits[0], dim=-1).gather(1, ids[0, 1:, None])[:, 0]
    found.append(torch.exp(-logp[learned].mean()).item())
print(json.dumps(found))
