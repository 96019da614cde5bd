# `generate` of transformers, sampling, all completions as long as they may be.

from turns import loaded, need, row, task, turns

torch = need(lambda: __import__("torch"))
transformers = need(lambda: __import__("transformers"))
torch.set_num_threads(task["threads"])
model = transformers.AutoModelForCausalLM.from_pretrained(task["folder"] + "/model", dtype=torch.float32).eval()
loaded()
batch, new, vocabulary = row["batch"], row["tokens"], row["model"]["vocabulary"]
prompts = torch.randint(3, vocabulary, (batch, 16))
mask = torch.ones_like(prompts)


@torch.no_grad()
def rollout():
    out = model.generate(input_ids=prompts, attention_mask=mask, do_sample=True, temperature=1.0, top_k=0, top_p=1.0, max_new_tokens=new, eos_token_id=None, pad_token_id=0)
    assert out.shape == (batch, 16 + new)


turns(rollout)
