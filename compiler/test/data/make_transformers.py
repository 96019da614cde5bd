"""Values of Hugging Face transformers and torch for the tests of compiler/model: writes transformers.json beside it.

Tiny models of three families and their rotary scalings in float64, every weight by a formula that the tests repeat; log-probabilities, entropy and
gradients of a weighted sum of them (the norms inside compute in float32, so they agree to about 1e-6); three steps of torch.optim.AdamW and of torch.optim.SGD with clipping. Needs torch and transformers.
"""

import json
import math
import pathlib

import torch
import transformers
from transformers import LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM

torch.set_default_dtype(torch.float64)

COMMON = dict(
    hidden_size=12, intermediate_size=10, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, vocab_size=11,
    max_position_embeddings=32, rms_norm_eps=1e-5, hidden_act="silu", attention_dropout=0.0,
)
# Heads of more pairs than one, of another width than hidden_size / heads.
WIDE = dict(head_dim=8, tie_word_embeddings=False)
FAMILIES = {
    "llama": (LlamaConfig, LlamaForCausalLM, dict(head_dim=4, tie_word_embeddings=False, attention_bias=False, mlp_bias=False), 50.0),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM, dict(hidden_size=16, tie_word_embeddings=True), 1000.0),
    "qwen3": (Qwen3Config, Qwen3ForCausalLM, dict(head_dim=4, tie_word_embeddings=True, attention_bias=False), 1000.0),
    "llama with biases": (LlamaConfig, LlamaForCausalLM, dict(head_dim=4, tie_word_embeddings=True, attention_bias=True, mlp_bias=True), 50.0),
    "llama, linear": (LlamaConfig, LlamaForCausalLM, WIDE, dict(rope_type="linear", rope_theta=50.0, factor=2.5)),
    "llama, dynamic": (LlamaConfig, LlamaForCausalLM, WIDE, dict(rope_type="dynamic", rope_theta=50.0, factor=4.0)),
    "llama, llama3": (LlamaConfig, LlamaForCausalLM, WIDE, dict(rope_type="llama3", rope_theta=50.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64)),
    "qwen3, yarn": (Qwen3Config, Qwen3ForCausalLM, dict(WIDE, attention_bias=False), dict(rope_type="yarn", rope_theta=50.0, factor=4.0, original_max_position_embeddings=64)),
    "qwen2, yarn untruncated": (Qwen2Config, Qwen2ForCausalLM, dict(hidden_size=32, tie_word_embeddings=False), dict(rope_type="yarn", rope_theta=90.0, factor=8.0, original_max_position_embeddings=128, beta_fast=16, beta_slow=2, truncate=False, attention_factor=1.3)),
}
TOKENS = [[1, 5, 2, 9, 3], [7, 7, 0, 10, 4]]
TARGETS = [[5, 2, 9, 3, 6], [7, 0, 10, 4, 8]]
TEMPERATURE = 0.8


def weight(name, shape):
    """The formula of the tests: a wave whose phase comes from the name."""
    phase = sum(name.encode()) % 97
    wave = torch.tensor([math.sin(0.37 * phase + 1.3 * i) for i in range(math.prod(shape))]).reshape(shape)
    return 1 + 0.2 * wave if name.endswith("norm.weight") else 0.4 * wave


def family(config_class, model_class, extra, rope):
    rope = rope if isinstance(rope, dict) else {"rope_type": "default", "rope_theta": rope}
    config = config_class(**{**COMMON, **extra}, rope_parameters=dict(rope))
    config._attn_implementation = "eager"
    model = model_class(config).double().eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weight(name, tuple(parameter.shape)))
    logits = model(torch.tensor(TOKENS)).logits
    logps = torch.log_softmax(logits / TEMPERATURE, -1)
    logp = logps.gather(-1, torch.tensor(TARGETS)[..., None])[..., 0]
    entropy = -(logps.exp() * logps).sum(-1)
    n = logp.numel()
    dlogp = torch.tensor([math.cos(1 + i) for i in range(n)]).reshape(logp.shape)
    dentropy = torch.tensor([math.sin(2 + i) for i in range(n)]).reshape(logp.shape)
    ((dlogp * logp).sum() + (dentropy * entropy).sum()).backward()
    flat = lambda t: [round(x, 10) for x in t.detach().flatten().tolist()]
    kept = dict.fromkeys(["model_type", *COMMON, *extra])
    values = {key: getattr(config, key) for key in kept}
    values["rope_parameters"] = rope
    return {
        "config": values,
        "names": [name for name, _ in model.named_parameters()],
        "logp": flat(logp), "entropy": flat(entropy), "logits": flat(logits[:, -1] ),
        # Three numbers that a wrong gradient cannot all keep: the sum, the norm, and the last element.
        "gradients": {name: flat(torch.stack([p.grad.sum(), p.grad.norm(), p.grad.flatten()[-1]])) for name, p in model.named_parameters()},
    }


def critic():
    """A llama with one number at every token, and the gradient of a weighted sum of these."""
    config = LlamaConfig(**COMMON, head_dim=4, num_labels=1, rope_parameters={"rope_type": "default", "rope_theta": 50.0})
    config._attn_implementation = "eager"
    model = LlamaForSequenceClassification(config).double().eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weight(name, tuple(parameter.shape)))
    value = model.score(model.model(torch.tensor(TOKENS)).last_hidden_state)[..., 0]
    (torch.tensor([math.cos(1 + i) for i in range(value.numel())]).reshape(value.shape) * value).sum().backward()
    flat = lambda t: [round(x, 10) for x in t.detach().flatten().tolist()]
    return {
        "names": [name for name, _ in model.named_parameters()],
        "value": flat(value),
        "gradients": {name: flat(torch.stack([p.grad.sum(), p.grad.norm(), p.grad.flatten()[-1]])) for name, p in model.named_parameters()},
    }


def steps(settings, optimizer):
    """Three steps on a matrix that decays and a vector that does not, the gradient clipped to norm 0.5."""
    w = torch.nn.Parameter(weight("matrix", (2, 3)))
    s = torch.nn.Parameter(weight("final_norm.weight", (3,)))
    rule = optimizer([{"params": [w], "weight_decay": 0.1}, {"params": [s], "weight_decay": 0.0}])
    steps = []
    for step in range(3):
        for group in rule.param_groups:
            group["lr"] = 1e-2 / (step + 1)
        w.grad, s.grad = weight(f"gradient {step}", (2, 3)), weight(f"slope {step}", (3,))
        norm = torch.nn.utils.clip_grad_norm_([w, s], 0.5)
        rule.step()
        steps.append({"norm": norm.item(), "w": w.detach().flatten().tolist(), "s": s.detach().flatten().tolist()})
    return {"lr": 1e-2, **settings, "decay": 0.1, "clip": 0.5, "steps": steps}


values = {
    "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
    "tokens": TOKENS, "targets": TARGETS, "temperature": TEMPERATURE,
    "families": {name: family(*row) for name, row in FAMILIES.items()},
    "critic": critic(),
    "adamw": steps({"beta1": 0.9, "beta2": 0.95, "eps": 1e-8}, lambda groups: torch.optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.95), eps=1e-8)),
    "sgd": steps({"momentum": 0.9}, lambda groups: torch.optim.SGD(groups, lr=1e-2, momentum=0.9)),
}
pathlib.Path(__file__).with_name("transformers.json").write_text(json.dumps(values, indent=1) + "\n")
