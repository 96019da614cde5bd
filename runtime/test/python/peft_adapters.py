"""What `peft` makes of the adapters that the runtime wrote, and an adapter that it wrote itself.

usage: peft_adapters.py make BASE FOLDER       an adapter of rank 2 on q_proj and v_proj of the model in BASE, rank-stabilised, both matrices random
       peft_adapters.py check FOLDER           FOLDER/case.json names the folders of the base, the fresh, trained and merged adapter, and what was trained on

`check` exits with 0 when the adapters open, the trained one equals three steps of torch's AdamW from the fresh one, its logits are those that the runtime
computed, and merging it gives the runtime's merged weights.
"""

import json
import sys

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM


def opened(base):
    return AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).eval()


def make(base, folder):
    torch.manual_seed(5)
    model = get_peft_model(opened(base), LoraConfig(r=2, lora_alpha=3, target_modules=["q_proj", "v_proj"], use_rslora=True, task_type="CAUSAL_LM"))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.copy_(0.3 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    ids = torch.tensor([[5, 17, 200, 31]])
    with torch.no_grad():
        logits = model(ids).logits[0, -1]
    with open(f"{folder}/expected.json", "w") as file:
        json.dump({"ids": ids[0].tolist(), "logits": logits.tolist()}, file)


def worst(a, b):
    return (a.float() - b.float()).abs().max().item()


def check(folder):
    with open(f"{folder}/case.json") as file:
        case = json.load(file)
    fresh = PeftModel.from_pretrained(opened(case["base"]), case["fresh"], is_trainable=True).eval()
    trained = [parameter for name, parameter in fresh.named_parameters() if parameter.requires_grad]
    assert len(trained) == len(load_file(f"{case['fresh']}/adapter_model.safetensors")), "the fresh adapter has other matrices"
    for name, parameter in fresh.named_parameters():
        if "lora_A" in name:
            bound = parameter.shape[1] ** -0.5
            assert parameter.abs().max() <= bound and parameter.abs().max() > 0.8 * bound, f"{name} is not drawn as PEFT draws it"
        if "lora_B" in name:
            assert parameter.abs().max() == 0

    optimizer = torch.optim.AdamW(trained, lr=case["lr"], betas=(0.9, 0.999), eps=1e-8, weight_decay=case["decay"])
    for _ in range(case["steps"]):
        losses = []
        for ids, prompt in case["sequences"]:
            logps = torch.log_softmax(fresh(torch.tensor([ids])).logits[0, :-1], -1)
            losses.append(-logps.gather(1, torch.tensor(ids[1:])[:, None])[prompt - 1 :, 0])
        torch.cat(losses).mean().backward()
        optimizer.step()
        optimizer.zero_grad()

    tuned = PeftModel.from_pretrained(opened(case["base"]), case["tuned"]).eval()
    ours, theirs = dict(tuned.named_parameters()), dict(fresh.named_parameters())
    moved = max(worst(ours[name], parameter) for name, parameter in theirs.items() if "lora_" in name)
    print(f"three steps: worst difference of a matrix {moved:.1e}")
    assert moved < 2e-4, moved

    with torch.no_grad():
        for ids, logits in case["logits"]:
            difference = worst(tuned(torch.tensor([ids])).logits[0, -1], torch.tensor(logits))
            print(f"logits: {difference:.1e}")
            assert difference < 1e-4, difference
    merged = tuned.merge_and_unload().state_dict()
    kept = load_file(f"{case['merged']}/model.safetensors")
    difference = max(worst(merged[name], tensor) for name, tensor in kept.items())
    print(f"merged weights: {difference:.1e}")
    assert difference < 1e-6, difference
    whole = AutoModelForCausalLM.from_pretrained(case["merged"])
    assert whole.dtype == torch.float32


if sys.argv[1] == "make":
    make(*sys.argv[2:])
else:
    check(sys.argv[2])
