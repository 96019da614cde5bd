// The few things that torch has no function for, as Python functions printed once above those that call them.
// Each is differentiable by autograd where its op is.

/** By the name that printed code calls. */
export const helpers: Readonly<Record<string, string>> = {
  linear_scan: `def linear_scan(decay, x, dim, reverse=False):
    """y[t] = x[t] + decay[t] * y[t - 1] along dim, backwards where reverse."""
    decays, xs = decay.unbind(dim), x.unbind(dim)
    order = range(len(xs))
    ys = []
    for t in reversed(order) if reverse else order:
        ys.append(xs[t] + decays[t] * ys[-1] if ys else xs[t])
    if reverse:
        ys.reverse()
    return torch.stack(ys, dim) if ys else x`,

  scatter_add: `def scatter_add(index, update, rows):
    """Zeros of the given number of rows, with update[i] added at row index[i]."""
    zeros = update.new_zeros(rows, *update.shape[index.dim() :])
    return zeros.index_put((index.long(),), update, accumulate=True)`,

  threefry: `def threefry(key0, key1, counter0, counter1):
    """First word of Threefry-2x32 with 20 rounds; 32-bit words in int64 tensors."""
    word = 0xFFFFFFFF
    keys = (key0, key1, key0 ^ key1 ^ 0x1BD11BDA)
    x, y = (counter0 + key0) & word, (counter1 + key1) & word
    for step in range(20):
        rotation = (13, 15, 26, 6, 17, 29, 16, 24)[step % 8]
        x = (x + y) & word
        y = (((y << rotation) | (y >> (32 - rotation))) & word) ^ x
        if step % 4 == 3:
            turn = step // 4 + 1
            x = (x + keys[turn % 3]) & word
            y = (y + keys[(turn + 1) % 3] + turn) & word
    return x`,
}
