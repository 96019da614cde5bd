"""What `transformers` says of model folders that the runtime wrote.

usage: hf_logits.py FOLDER…

Each FOLDER holds a model in `policy/` and `expected.json`: texts with their token ids, and sequences with the log-probabilities of their next tokens as our `score`
program computed them. Exits with 0 when all tokenizers round-trip and every log-probability agrees within 1e-4.
"""

import json
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer



def check(folder: str) -> None:
    with open(f"{folder}/expected.json", encoding="utf8") as file:
        expected = json.load(file)
    tokenizer = AutoTokenizer.from_pretrained(f"{folder}/policy")
    for text, ids in expected["texts"]:
        found = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert found == ids, f"{text!r} is {found}, expected {ids}"
        assert tokenizer(tokenizer.decode(ids), add_special_tokens=False)["input_ids"] == ids, f"{text!r} does not round-trip"
    assert [tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id] == expected["specials"]

    model = AutoModelForCausalLM.from_pretrained(f"{folder}/policy", dtype=torch.float32).eval()
    assert model.config.eos_token_id == tokenizer.eos_token_id
    worst = 0.0
    with torch.no_grad():
        for tokens, logp in expected["sequences"]:
            logits = model(input_ids=torch.tensor([tokens])).logits[0, :-1]
            found = torch.log_softmax(logits, -1).gather(1, torch.tensor(tokens[1:])[:, None])[:, 0]
            worst = max(worst, (found - torch.tensor(logp)).abs().max().item())
        # A greedy continuation opens the generation config as well.
        model.generate(torch.tensor([expected["sequences"][0][0][:3]]), max_new_tokens=4, do_sample=False)
    print(f"{folder}: worst difference of a log-probability {worst:.2e}")
    assert worst < 1e-4


for folder in sys.argv[1:]:
    check(folder)
