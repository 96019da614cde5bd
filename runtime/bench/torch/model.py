# A lean Qwen2 in PyTorch: no framework around it, so that the comparison is with PyTorch's own speed.

from turns import model_sizes as sizes, need

torch = need(lambda: __import__("torch"))
import torch.nn.functional as F

LAYERS, WIDTH, HEADS, KEY_HEADS, MLP, VOCABULARY = (sizes[key] for key in ("layers", "width", "heads", "keyHeads", "mlp", "vocabulary"))
SIZE = WIDTH // HEADS


def rotate(x, cos, sin):
    half = x.shape[-1] // 2
    return x * cos + torch.cat((-x[..., half:], x[..., :half]), -1) * sin


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        linear = lambda i, o, bias: torch.nn.Linear(i, o, bias=bias)
        self.norm1, self.norm2 = torch.nn.RMSNorm(WIDTH, 1e-6), torch.nn.RMSNorm(WIDTH, 1e-6)
        self.q, self.k, self.v = linear(WIDTH, WIDTH, True), linear(WIDTH, KEY_HEADS * SIZE, True), linear(WIDTH, KEY_HEADS * SIZE, True)
        self.o = linear(WIDTH, WIDTH, False)
        self.gate, self.up, self.down = linear(WIDTH, MLP, False), linear(WIDTH, MLP, False), linear(MLP, WIDTH, False)

    def forward(self, x, cos, sin):
        b, t, _ = x.shape
        h = self.norm1(x)
        split = lambda y, heads: y.view(b, t, heads, SIZE).transpose(1, 2)
        q, k, v = rotate(split(self.q(h), HEADS), cos, sin), rotate(split(self.k(h), KEY_HEADS), cos, sin), split(self.v(h), KEY_HEADS)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=HEADS != KEY_HEADS)
        x = x + self.o(y.transpose(1, 2).reshape(b, t, WIDTH))
        h = self.norm2(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Model(torch.nn.Module):
    def __init__(self, context):
        super().__init__()
        self.embed = torch.nn.Embedding(VOCABULARY, WIDTH)
        self.blocks = torch.nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm = torch.nn.RMSNorm(WIDTH, 1e-6)
        self.head = torch.nn.Linear(WIDTH, VOCABULARY, bias=False)
        angle = torch.outer(torch.arange(context), 1.0 / (10000.0 ** (torch.arange(0, SIZE, 2) / SIZE)))
        self.cos, self.sin = torch.cat((angle, angle), -1).cos(), torch.cat((angle, angle), -1).sin()

    def forward(self, ids):
        t = ids.shape[1]
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x, self.cos[:t], self.sin[:t])
        return self.head(self.norm(x))
