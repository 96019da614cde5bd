"""Loss and norm of the gradient of a reward model, and the scores of its pairs, with transformers and torch: argv[1] is a folder with `model` and `pairs.json`,
[{chosen: ids, rejected: ids, margin}], padded by nobody. The loss is that of TRL's RewardTrainer (1.13): -logsigmoid(chosen - rejected - margin) in the mean over pairs, and the
squared sum of both scores times argv[2] (`center_rewards_coefficient`)."""

import json
import sys

import torch
from transformers import AutoModelForSequenceClassification

folder, centring = sys.argv[1], float(sys.argv[2])
model = AutoModelForSequenceClassification.from_pretrained(f"{folder}/model", dtype=torch.float32)
assert model.config.num_labels == 1, model.config
pairs = json.load(open(f"{folder}/pairs.json"))
pad = model.config.pad_token_id


def scores(texts):
    width = max(map(len, texts))
    ids = torch.tensor([text + [pad] * (width - len(text)) for text in texts])
    mask = torch.tensor([[1] * len(text) + [0] * (width - len(text)) for text in texts])
    return model(input_ids=ids, attention_mask=mask).logits[:, 0]


chosen, rejected = scores([pair["chosen"] for pair in pairs]), scores([pair["rejected"] for pair in pairs])
margin = torch.tensor([pair["margin"] for pair in pairs])
loss = -torch.nn.functional.logsigmoid(chosen - rejected - margin).mean() + centring * ((chosen + rejected) ** 2).mean()
loss.backward()
norm = torch.nn.utils.get_total_norm([p.grad for p in model.parameters() if p.grad is not None])
print(json.dumps({"loss": loss.item(), "norm": norm.item(), "chosen": chosen.tolist(), "rejected": rejected.tolist()}))
