# What PyTorch says about each op and composite: writes spec/graph/test/ops.json and composites.json.
# Run by hand (python spec/tools/graph_oracle.py, torch >= 2.4) when an op is added; the tests read the files only.

import json
import math
import pathlib

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)
HERE = pathlib.Path(__file__).parent.parent / "graph" / "test"
INF, NAN = math.inf, math.nan
NAMES = {torch.float64: "f32", torch.int32: "i32", torch.int64: "i32", torch.bool: "bool"}


def number(x):
    if isinstance(x, float) and not math.isfinite(x):
        return "NaN" if math.isnan(x) else ("Infinity" if x > 0 else "-Infinity")
    return int(x) if isinstance(x, bool) else x


def tensor(x, dtype=None):
    return {"dtype": dtype or NAMES[x.dtype], "shape": list(x.shape), "data": [number(v) for v in x.reshape(-1).tolist()]}


def rand(*shape):
    return (torch.rand(shape) * 4 - 2).mul(1000).round().div(1000)


def f(*values):
    return torch.tensor(values)


def i(*values):
    return torch.tensor(values, dtype=torch.int32)


def t(*values):
    return torch.tensor(values, dtype=torch.bool)


OPS = []


def case(op, inputs, result, dtypes=None, **attributes):
    types = dtypes or [None] * (len(inputs) + 1)
    OPS.append({"op": op, "attributes": attributes, "inputs": [tensor(x, d) for x, d in zip(inputs, types)], "result": tensor(result, types[-1])})


case("const", [], torch.tensor(2.5), value=2.5)
case("const", [], torch.tensor(-INF), value="-Infinity")
case("iota", [], torch.arange(3, dtype=torch.int32)[None, :, None].expand(2, 3, 2), axis=1)
case("iota", [], torch.arange(3.0), axis=0)

special = f(-2.0, -0.5, 0.0, 0.3, 1.0, 7.0, INF, -INF, NAN)
for name, fn in [("neg", torch.neg), ("exp", torch.exp), ("log", torch.log), ("sqrt", torch.sqrt), ("rsqrt", torch.rsqrt), ("sin", torch.sin), ("cos", torch.cos),
                 ("tanh", torch.tanh), ("sigmoid", torch.sigmoid), ("abs", torch.abs), ("floor", torch.floor), ("is_nan", torch.isnan), ("stop_gradient", torch.clone)]:
    case(name, [special], fn(special))
case("sign", [special[:8]], torch.sign(special[:8]))
case("neg", [i(1, -2)], i(-1, 2))
case("abs", [i(1, -2)], i(1, 2))
case("sign", [i(0, -2)], i(0, -1))
case("not", [t(True, False)], t(False, True))
case("cast", [f(-1.9, 1.9, 0.0)], i(-1, 1, 0))
case("cast", [f(-1.9, NAN, 0.0)], t(True, True, False))
case("cast", [t(True, False)], f(1.0, 0.0))
case("cast", [i(-1, 5)], torch.tensor([4294967295, 5]), ["i32", "u32"])

left = torch.cat([special.repeat_interleave(len(special))])
right = special.repeat(len(special))
for name, fn in [("add", torch.add), ("sub", torch.sub), ("mul", torch.mul), ("div", torch.div), ("max", torch.maximum), ("min", torch.minimum), ("pow", torch.pow),
                 ("lt", torch.lt), ("le", torch.le), ("eq", torch.eq)]:
    case(name, [left, right], fn(left, right))
finite = torch.isfinite(left) & torch.isfinite(right) & (right != 0)
case("mod", [left[finite], right[finite]], torch.remainder(left[finite], right[finite]))
big = i(2**31 - 1, -(2**31), 123456789, -7)
other = i(2, -1, 987654321, 3)
for name, fn in [("add", torch.add), ("sub", torch.sub), ("mul", torch.mul), ("max", torch.maximum), ("min", torch.minimum), ("mod", torch.remainder), ("lt", torch.lt), ("le", torch.le), ("eq", torch.eq)]:
    case(name, [big, other], fn(big, other))
case("and", [t(True, True, False), t(True, False, False)], t(True, False, False))
case("or", [t(True, True, False), t(True, False, False)], t(True, True, False))
case("eq", [t(True, True, False), t(True, False, False)], t(True, False, True))
word, mask = torch.tensor([0xDEADBEEF, 5, 0xFFFFFFFF]), torch.tensor([0xFF00FF00, 3, 1])
u32 = ["u32", "u32", "u32"]
case("bit_and", [word, mask], word & mask, u32)
case("bit_or", [word, mask], word | mask, u32)
case("bit_xor", [word, mask], word ^ mask, u32)
amount = torch.tensor([4, 0, 31])
case("shift_left", [word, amount], (word << amount) & 0xFFFFFFFF, u32)
case("shift_right", [word, amount], word >> amount, u32)
case("add", [word, mask], (word + mask) & 0xFFFFFFFF, u32)
case("mul", [word, mask], torch.tensor([int(a) * int(b) % 2**32 for a, b in zip(word, mask)]), u32)
case("where", [t(True, False, True), f(1.0, NAN, 3.0), f(NAN, 5.0, 6.0)], f(1.0, 5.0, 3.0))

x = rand(2, 3, 4)
for axes in ([0], [2], [0, 2], [0, 1, 2]):
    case("reduce_sum", [x], x.sum(axes), axes=axes)
    case("reduce_max", [x], x.amax(axes), axes=axes)
    case("reduce_min", [x], x.amin(axes), axes=axes)
case("reduce_max", [f(1.0, NAN)], torch.tensor(NAN), axes=[0])
case("reduce_sum", [i(1, 2, -5)], torch.tensor(-2, dtype=torch.int32), axes=[0])
case("cumsum", [x], x.cumsum(1), axis=1, reverse=False)
case("cumsum", [x], x.flip(2).cumsum(2).flip(2), axis=2, reverse=True)


def linear_scan(decay, values, dim):
    y, out = torch.zeros_like(values.select(dim, 0)), []
    for k in range(values.shape[dim]):
        y = values.select(dim, k) + decay.select(dim, k) * y
        out.append(y)
    return torch.stack(out, dim)


decay = rand(2, 3, 4)
case("linear_scan", [decay, x], linear_scan(decay, x, 1), axis=1, reverse=False)
case("linear_scan", [decay, x], linear_scan(decay.flip(2), x.flip(2), 2).flip(2), axis=2, reverse=True)

case("reshape", [x], x.reshape(6, 4))
case("broadcast", [x[0, :, 0]], x[0, :, 0][None, :, None].expand(2, 3, 5), axes=[1])
case("transpose", [x], x.permute(2, 0, 1), permutation=[2, 0, 1])
case("slice", [x], x[1:2, 0:2, 1:4], start=[1, 0, 1], size=[1, 2, 3])
case("pad", [x], F.pad(x, (0, 2, 1, 0, 0, 0)), before=[0, 1, 0], after=[0, 0, 2])
case("concat", [x, x[:, :1], x[:, 1:]], torch.cat([x, x[:, :1], x[:, 1:]], 1), axis=1)
case("reverse", [x], x.flip(0, 2), axes=[0, 2])
index = torch.tensor([[2, 0, 2], [1, 1, 0]], dtype=torch.int32)
table = rand(3, 2)
case("gather", [table, index], table[index.long()])
update = rand(2, 3, 2)
case("scatter_add", [index, update], torch.zeros(4, 2).index_add_(0, index.reshape(-1).long(), update.reshape(6, 2)))
case("pick", [x, index], x.gather(2, index.long()[..., None])[..., 0])
tied = f(3.0, 1.0, NAN, 1.0, -INF, 0.5).reshape(2, 3)
case("sort", [tied], tied.sort(stable=True).values)
case("argsort", [tied], tied.argsort(stable=True).to(torch.int32))
for ta in (False, True):
    for tb in (False, True):
        a, b = rand(2, 3, 4), rand(2, 4, 5)
        case("matmul", [a.mT.contiguous() if ta else a, b.mT.contiguous() if tb else b], a @ b, transposeA=ta, transposeB=tb)
        case("matmul", [a.mT.contiguous() if ta else a, b[0].mT.contiguous() if tb else b[0]], a @ b[0], transposeA=ta, transposeB=tb)
# The known answers that Random123 ships (kat_vectors, threefry2x32 20).
kat = torch.tensor([[0, 0, 0, 0, 0x6B200159], [0xFFFFFFFF] * 4 + [0x1CB996FC], [0x13198A2E, 0x03707344, 0x243F6A88, 0x85A308D3, 0xC4923A9C]]).T
case("random_bits", [kat[0], kat[1], kat[2], kat[3]], kat[4], ["u32"] * 5)

COMPOSITES = []


def composite(name, attributes, inputs, outputs, differentiable=()):
    """Outputs, seeds, and autograd's gradients of the inputs at `differentiable`."""
    floats = [o for o in outputs if o.is_floating_point() and o.requires_grad]
    seeds = [rand(*o.shape) for o in floats]
    grads = torch.autograd.grad(floats, [inputs[k] for k in differentiable], seeds) if differentiable else []
    COMPOSITES.append({
        "name": name, "attributes": attributes, "inputs": [tensor(x.detach()) for x in inputs], "outputs": [tensor(o.detach()) for o in outputs],
        "seeds": [tensor(s) for s in seeds], "gradients": {str(k): tensor(g) for k, g in zip(differentiable, grads)},
    })


def leaf(*shape):
    return rand(*shape).requires_grad_()


x, scale = leaf(2, 3, 8), leaf(8)
composite("rms_norm", {"eps": 1e-5}, [x, scale], [F.rms_norm(x, (8,), scale, 1e-5)], (0, 1))

# transformers' LlamaRotaryEmbedding and apply_rotary_pos_emb.
x, positions = leaf(2, 3, 2, 8), torch.tensor([[0, 1, 2], [7, 30, 5]], dtype=torch.int32)
inv_freq = 1.0 / (10000.0 ** (torch.arange(0, 8, 2).double() / 8))
freqs = positions[..., None].double() * inv_freq
emb = torch.cat((freqs, freqs), -1)[:, :, None]
half = torch.cat((-x[..., 4:], x[..., :4]), -1)
composite("rotary", {"base": 10000, "inverse": False}, [x, positions], [x * emb.cos() + half * emb.sin()], (0,))


def attend(q, k, v, mask, scale):
    heads = [a.transpose(1, 2) for a in (q, k, v)]
    return F.scaled_dot_product_attention(*heads, attn_mask=mask, scale=scale, enable_gqa=True).transpose(1, 2)


q, k, v = leaf(2, 5, 4, 3), leaf(2, 5, 2, 3), leaf(2, 5, 2, 3)
causal = torch.ones(5, 5, dtype=torch.bool).tril()
composite("attention", {"scale": 0.6}, [q, k, v], [attend(q, k, v, causal, 0.6)], (0, 1, 2))
segments = torch.tensor([[0, 0, 1, 1, 1], [3, 3, 3, 3, 2]], dtype=torch.int32)
same = (segments[:, :, None] == segments[:, None, :])[:, None] & causal
composite("attention", {"scale": 0.6}, [q, k, v, segments], [attend(q, k, v, same, 0.6)], (0, 1, 2))

q, at = leaf(2, 4, 3), torch.tensor([1, 4], dtype=torch.int32)
visible = (torch.arange(5)[None] <= at[:, None])[:, None, None]
composite("attention_decode", {"scale": 0.6}, [q, k, v, at], [attend(q[:, None], k, v, visible, 0.6)[:, 0]])

cache, entry = rand(2, 5, 2, 3), rand(2, 2, 3)
written = cache.clone()
written[torch.arange(2), at.long()] = entry
composite("cache_write", {}, [cache, entry, at], [written])

h, w, targets, temperature = leaf(2, 3, 4), leaf(6, 4), torch.tensor([[0, 5, 2], [3, 3, 1]], dtype=torch.int32), torch.tensor(0.7)
logps = F.log_softmax(h @ w.T / temperature, -1)
composite("token_logprob", {}, [h, w, targets, temperature], [logps.gather(2, targets.long()[..., None])[..., 0], torch.distributions.Categorical(logits=logps).entropy()], (0, 1))

start, grads = rand(3, 2), [rand(3, 2), rand(3, 2)]
weight = torch.nn.Parameter(start.clone())
optimiser = torch.optim.AdamW([weight], lr=0.01, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)
for step, grad in enumerate(grads, 1):
    state = optimiser.state.get(weight, {})
    before = [weight.detach().clone(), grad / 0.5, state.get("exp_avg", torch.zeros(3, 2)).clone(), state.get("exp_avg_sq", torch.zeros(3, 2)).clone()]
    weight.grad = grad.clone()
    optimiser.step()
    state = optimiser.state[weight]
    scalars = [torch.tensor(s) for s in (0.01, 0.5, 1 - 0.9**step, 1 - 0.95**step)]
    composite("adamw", {"beta1": 0.9, "beta2": 0.95, "eps": 1e-8, "decay": 0.1}, before + scalars, [weight.detach().clone(), state["exp_avg"].clone(), state["exp_avg_sq"].clone()])


def sample(logits, temperature, uniform, top_k, top_p, greedy):
    """Independent of the expansion: sets in plain Python."""
    tokens, logps = [], []
    for row, u in zip(logits.tolist(), uniform.tolist()):
        scaled = row if greedy else [value / temperature for value in row]
        top = max(scaled)
        total = math.fsum(math.exp(s - top) for s in scaled)
        p = [math.exp(s - top) / total for s in scaled]
        kept = sorted(range(len(p)), key=lambda token: (-p[token], token))
        kept = kept[:1] if greedy else kept[: top_k or None]
        mass, needed = math.fsum(p[token] for token in kept), []
        for token in kept:
            if not needed or math.fsum(p[x] for x in needed) < top_p * mass:
                needed.append(token)
        mass, cumulative = math.fsum(p[token] for token in needed), 0.0
        for token in sorted(needed):
            cumulative += p[token]
            if cumulative > u * mass:
                break
        tokens.append(token)
        logps.append(math.log(p[token]))
    return [torch.tensor(tokens, dtype=torch.int32), torch.tensor(logps)]


logits = torch.cat([rand(20, 9), rand(20, 9).round()])
uniform = torch.rand(40)
for top_k, top_p, greedy in [(0, 1, False), (3, 1, False), (0, 0.6, False), (4, 0.8, False), (0, 1, True)]:
    heat = torch.tensor(0.8)
    composite("sample", {"top_k": top_k, "top_p": top_p, "greedy": greedy}, [logits, heat, uniform], sample(logits, 0.8, uniform, top_k, top_p, greedy))


def write(name, cases):
    (HERE / name).write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")


write("ops.json", OPS)
write("composites.json", COMPOSITES)
