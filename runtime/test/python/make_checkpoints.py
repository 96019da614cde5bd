"""Small random models as `transformers` saves them, and what it computes with them.

usage: make_checkpoints.py FOLDER [NAME…]

Each case becomes FOLDER/NAME: a model folder (sharded, half precision, rotary scaling, a tokenizer of its family) and `expected.json` with token ids of texts, the logits
after each prompt (float32 computation on the weights as they were saved) and greedy completions. Deterministic, so that one case is kept beside the tests.
"""

import json
import sys

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, PreTrainedTokenizerFast, Qwen2Config, Qwen3Config

CORPUS = ["The quick brown fox jumps over the lazy dog, and the dog doesn't care: it's 12345 years old.", "We're counting 10 20 30; they've 7.5% more! \n\n def f(x):\n    return x + 1\n", "naïve café, Straße, 你好世界, привет мир, 😀👍🏽"] * 4
TEXTS = CORPUS[:3] + ["", " ", "  two  spaces ", "a\n\n\nb\t\tc", "I'LL we'll 1234567890 x²", "<|im_start|>user\nhi<|im_end|>\n", "unseen: ẞ œ 漢字 🦊", "don't STOP", "café"]
PROMPTS = ["The quick brown", "def f(x):\n", "你好 they've 12"]

QWEN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def byte_level(pattern, specials, normalizer=None):
    tokenizer = Tokenizer(models.BPE(byte_fallback=False, ignore_merges=pattern is LLAMA3))
    tokenizer.normalizer = normalizer
    split = pre_tokenizers.Split(Regex(pattern), behavior="isolated", invert=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=340, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    tokenizer.add_special_tokens([AddedToken(each, special=True, normalized=False) for each in specials])
    return tokenizer


def qwen_tokenizer():
    tokenizer = byte_level(QWEN, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], normalizers.NFC())
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>")


def llama3_tokenizer():
    tokenizer = byte_level(LLAMA3, ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"])
    begin = tokenizer.token_to_id("<|begin_of_text|>")
    tokenizer.post_processor = processors.TemplateProcessing(single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", begin)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<|begin_of_text|>", eos_token="<|end_of_text|>")


def llama2_tokenizer():
    """As converted from SentencePiece: bytes as a fallback, spaces as ▁."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    specials = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=400, special_tokens=specials, show_progress=False))
    data = json.loads(tokenizer.to_str())
    data["added_tokens"] = [each for each in data["added_tokens"] if not each["content"].startswith("<0x")]
    tokenizer = Tokenizer.from_str(json.dumps(data))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


COMMON = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64, initializer_range=0.4)
CASES = {
    # Biases of queries, keys and values; tied; two end tokens.
    "qwen2": (Qwen2Config, qwen_tokenizer, torch.bfloat16, dict(tie_word_embeddings=True, rope_parameters=dict(rope_type="default", rope_theta=1e6))),
    # Norms of heads, which are wider than hidden_size / heads; yarn.
    "qwen3": (Qwen3Config, qwen_tokenizer, torch.float16, dict(head_dim=12, tie_word_embeddings=False, rope_parameters=dict(rope_type="yarn", rope_theta=1e4, factor=4.0, original_max_position_embeddings=16))),
    "llama3": (LlamaConfig, llama3_tokenizer, torch.float32, dict(tie_word_embeddings=False, rope_parameters=dict(rope_type="llama3", rope_theta=100.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32))),
    "llama2": (LlamaConfig, llama2_tokenizer, torch.bfloat16, dict(attention_bias=True, mlp_bias=True, rms_norm_eps=1e-5, num_key_value_heads=4, rope_parameters=dict(rope_type="linear", rope_theta=1e4, factor=2.0))),
}


def make(folder, config_class, tokenizer_of, dtype, extra):
    torch.manual_seed(7)
    tokenizer = tokenizer_of()
    config = config_class(**{**COMMON, **extra}, vocab_size=len(tokenizer), eos_token_id=tokenizer.eos_token_id, bos_token_id=tokenizer.bos_token_id)
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:
                parameter.add_(0.3 * torch.randn_like(parameter))
    model.to(dtype).save_pretrained(folder, max_shard_size="8KB")
    tokenizer.save_pretrained(folder)

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    begin = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
    prompts = [begin + tokenizer(prompt, add_special_tokens=False)["input_ids"] for prompt in PROMPTS]

    def greedy(ids, ends):
        written = model.generate(torch.tensor([ids]), max_new_tokens=24, do_sample=False, eos_token_id=ends, pad_token_id=0, attention_mask=torch.ones(1, len(ids), dtype=torch.long))[0]
        return written[len(ids):].tolist()

    # The sixth token of the first completion ends texts as well.
    ends = [tokenizer.eos_token_id, greedy(prompts[0], [tokenizer.eos_token_id])[5]]
    model.generation_config.eos_token_id = ends
    model.generation_config.save_pretrained(folder)
    with torch.no_grad():
        logits = [model(torch.tensor([ids])).logits[0, -1] for ids in prompts]
    completions = [greedy(ids, ends) for ids in prompts]
    expected = {
        "texts": [[text, tokenizer(text, add_special_tokens=False)["input_ids"]] for text in TEXTS],
        "decoded": [tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"], skip_special_tokens=True) for text in TEXTS],
        "ends": ends,
        "prompts": [{"text": text, "ids": ids, "logits": [round(x, 6) for x in row.tolist()], "completion": written} for text, ids, row, written in zip(PROMPTS, prompts, logits, completions)],
    }
    with open(f"{folder}/expected.json", "w", encoding="utf8") as file:
        json.dump(expected, file, ensure_ascii=False)


for name in sys.argv[2:] or CASES:
    make(f"{sys.argv[1]}/{name}", *CASES[name])
