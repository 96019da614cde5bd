import torch


def linear_scan(decay, x, dim, reverse=False):
    """y[t] = x[t] + decay[t] * y[t - 1] along dim, backwards where reverse."""
    decays, xs = decay.unbind(dim), x.unbind(dim)
    order = range(len(xs))
    ys = []
    for t in reversed(order) if reverse else order:
        ys.append(xs[t] + decays[t] * ys[-1] if ys else xs[t])
    if reverse:
        ys.reverse()
    return torch.stack(ys, dim) if ys else x


def scatter_add(index, update, rows):
    """Zeros of the given number of rows, with update[i] added at row index[i]."""
    zeros = update.new_zeros(rows, *update.shape[index.dim() :])
    return zeros.index_put((index.long(),), update, accumulate=True)


def threefry(key0, key1, counter0, counter1):
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
    return x


def const_0():
    """The graph const.

    Returns:
        y: []
    """
    return torch.tensor(2.5, dtype=torch.get_default_dtype())


def const_1():
    """The graph const.

    Returns:
        y: []
    """
    return torch.tensor(-torch.inf, dtype=torch.get_default_dtype())


def iota_2():
    """The graph iota.

    Returns:
        y: int32 [2, 3, 2]
    """
    return torch.arange(3, dtype=torch.int32)[:, None].expand(2, 3, 2)


def iota_3():
    """The graph iota.

    Returns:
        y: [3]
    """
    return torch.arange(3, dtype=torch.get_default_dtype())


def neg_4(x0):
    """The graph neg.

    Args:
        x0: [9]

    Returns:
        y: [9]
    """
    return -x0


def exp_5(x0):
    """The graph exp.

    Args:
        x0: [9]

    Returns:
        y: [9]
    """
    return torch.exp(x0)


def log_6(x0):
    """The graph log.

    Args:
        x0: [9]

    Returns:
        y: [9]
    """
    return torch.log(x0)


def sqrt_7(x0):
    """The graph sqrt.

    Args:
        x0: [9]

    Returns:
        y: [9]
    """
    return torch.sqrt(x0)


def rsqrt_8(x0):
    """The graph rsqrt.

    Args:
        x0: [9]

    Returns:
        y: [9]
    """
    return torch.rsqrt(x0)


def sin_9(x0):
    """The graph sin.

    Args:
        x0: [9]

    Returns:
        y: [9]
    """
    return torch.sin(x0)


def cos_10(x0):
    """The graph cos.

    Args:
        x0: [9]

    Returns:
        y: [9]
    """
    return torch.cos(x0)


def tanh_11(x0):
    """The graph tanh.

    Args:
        x0: [9]

    Returns:
        y: [9]
    """
    return torch.tanh(x0)


def sigmoid_12(x0):
    """The graph sigmoid.

    Args:
        x0: [9]

    Returns:
        y: [9]
    """
    return torch.sigmoid(x0)


def abs_13(x0):
    """The graph abs.

    Args:
        x0: [9]

    Returns:
        y: [9]
    """
    return torch.abs(x0)


def floor_14(x0):
    """The graph floor.

    Args:
        x0: [9]

    Returns:
        y: [9]
    """
    return torch.floor(x0)


def is_nan_15(x0):
    """The graph is_nan.

    Args:
        x0: [9]

    Returns:
        y: bool [9]
    """
    return torch.isnan(x0)


def stop_gradient_16(x0):
    """The graph stop_gradient.

    Args:
        x0: [9]

    Returns:
        y: [9]
    """
    return x0.detach()


def sign_17(x0):
    """The graph sign.

    Args:
        x0: [8]

    Returns:
        y: [8]
    """
    return torch.sign(x0)


def neg_18(x0):
    """The graph neg.

    Args:
        x0: int32 [2]

    Returns:
        y: int32 [2]
    """
    return -x0


def abs_19(x0):
    """The graph abs.

    Args:
        x0: int32 [2]

    Returns:
        y: int32 [2]
    """
    return torch.abs(x0)


def sign_20(x0):
    """The graph sign.

    Args:
        x0: int32 [2]

    Returns:
        y: int32 [2]
    """
    return torch.sign(x0)


def not_21(x0):
    """The graph not.

    Args:
        x0: bool [2]

    Returns:
        y: bool [2]
    """
    return ~x0


def cast_22(x0):
    """The graph cast.

    Args:
        x0: [3]

    Returns:
        y: int32 [3]
    """
    return x0.int()


def cast_23(x0):
    """The graph cast.

    Args:
        x0: [3]

    Returns:
        y: bool [3]
    """
    return x0.bool()


def cast_24(x0):
    """The graph cast.

    Args:
        x0: bool [2]

    Returns:
        y: [2]
    """
    return x0.to(torch.get_default_dtype())


def cast_25(x0):
    """The graph cast.

    Args:
        x0: int32 [2]

    Returns:
        y: int64 [2]
    """
    return x0.long() & 0xFFFFFFFF


def add_26(x0, x1):
    """The graph add.

    Args:
        x0, x1: [81]

    Returns:
        y: [81]
    """
    return x0 + x1


def sub_27(x0, x1):
    """The graph sub.

    Args:
        x0, x1: [81]

    Returns:
        y: [81]
    """
    return x0 - x1


def mul_28(x0, x1):
    """The graph mul.

    Args:
        x0, x1: [81]

    Returns:
        y: [81]
    """
    return x0 * x1


def div_29(x0, x1):
    """The graph div.

    Args:
        x0, x1: [81]

    Returns:
        y: [81]
    """
    return x0 / x1


def max_30(x0, x1):
    """The graph max.

    Args:
        x0, x1: [81]

    Returns:
        y: [81]
    """
    return torch.maximum(x0, x1)


def min_31(x0, x1):
    """The graph min.

    Args:
        x0, x1: [81]

    Returns:
        y: [81]
    """
    return torch.minimum(x0, x1)


def pow_32(x0, x1):
    """The graph pow.

    Args:
        x0, x1: [81]

    Returns:
        y: [81]
    """
    return x0**x1


def lt_33(x0, x1):
    """The graph lt.

    Args:
        x0, x1: [81]

    Returns:
        y: bool [81]
    """
    return x0 < x1


def le_34(x0, x1):
    """The graph le.

    Args:
        x0, x1: [81]

    Returns:
        y: bool [81]
    """
    return x0 <= x1


def eq_35(x0, x1):
    """The graph eq.

    Args:
        x0, x1: [81]

    Returns:
        y: bool [81]
    """
    return x0 == x1


def mod_36(x0, x1):
    """The graph mod.

    Args:
        x0, x1: [30]

    Returns:
        y: [30]
    """
    return torch.remainder(x0, x1)


def add_37(x0, x1):
    """The graph add.

    Args:
        x0, x1: int32 [4]

    Returns:
        y: int32 [4]
    """
    return x0 + x1


def sub_38(x0, x1):
    """The graph sub.

    Args:
        x0, x1: int32 [4]

    Returns:
        y: int32 [4]
    """
    return x0 - x1


def mul_39(x0, x1):
    """The graph mul.

    Args:
        x0, x1: int32 [4]

    Returns:
        y: int32 [4]
    """
    return x0 * x1


def max_40(x0, x1):
    """The graph max.

    Args:
        x0, x1: int32 [4]

    Returns:
        y: int32 [4]
    """
    return torch.maximum(x0, x1)


def min_41(x0, x1):
    """The graph min.

    Args:
        x0, x1: int32 [4]

    Returns:
        y: int32 [4]
    """
    return torch.minimum(x0, x1)


def mod_42(x0, x1):
    """The graph mod.

    Args:
        x0, x1: int32 [4]

    Returns:
        y: int32 [4]
    """
    return torch.remainder(x0, x1)


def lt_43(x0, x1):
    """The graph lt.

    Args:
        x0, x1: int32 [4]

    Returns:
        y: bool [4]
    """
    return x0 < x1


def le_44(x0, x1):
    """The graph le.

    Args:
        x0, x1: int32 [4]

    Returns:
        y: bool [4]
    """
    return x0 <= x1


def eq_45(x0, x1):
    """The graph eq.

    Args:
        x0, x1: int32 [4]

    Returns:
        y: bool [4]
    """
    return x0 == x1


def and_46(x0, x1):
    """The graph and.

    Args:
        x0, x1: bool [3]

    Returns:
        y: bool [3]
    """
    return x0 & x1


def or_47(x0, x1):
    """The graph or.

    Args:
        x0, x1: bool [3]

    Returns:
        y: bool [3]
    """
    return x0 | x1


def eq_48(x0, x1):
    """The graph eq.

    Args:
        x0, x1: bool [3]

    Returns:
        y: bool [3]
    """
    return x0 == x1


def bit_and_49(x0, x1):
    """The graph bit_and.

    Args:
        x0, x1: int64 [3]

    Returns:
        y: int64 [3]
    """
    return x0 & x1


def bit_or_50(x0, x1):
    """The graph bit_or.

    Args:
        x0, x1: int64 [3]

    Returns:
        y: int64 [3]
    """
    return x0 | x1


def bit_xor_51(x0, x1):
    """The graph bit_xor.

    Args:
        x0, x1: int64 [3]

    Returns:
        y: int64 [3]
    """
    return x0 ^ x1


def shift_left_52(x0, x1):
    """The graph shift_left.

    Args:
        x0, x1: int64 [3]

    Returns:
        y: int64 [3]
    """
    return (x0 << x1) & 0xFFFFFFFF


def shift_right_53(x0, x1):
    """The graph shift_right.

    Args:
        x0, x1: int64 [3]

    Returns:
        y: int64 [3]
    """
    return x0 >> x1


def add_54(x0, x1):
    """The graph add.

    Args:
        x0, x1: int64 [3]

    Returns:
        y: int64 [3]
    """
    return (x0 + x1) & 0xFFFFFFFF


def mul_55(x0, x1):
    """The graph mul.

    Args:
        x0, x1: int64 [3]

    Returns:
        y: int64 [3]
    """
    return (x0 * x1) & 0xFFFFFFFF


def where_56(x0, x1, x2):
    """The graph where.

    Args:
        x0: bool [3]
        x1, x2: [3]

    Returns:
        y: [3]
    """
    return torch.where(x0, x1, x2)


def reduce_sum_57(x0):
    """The graph reduce_sum.

    Args:
        x0: [2, 3, 4]

    Returns:
        y: [3, 4]
    """
    return x0.sum(0)


def reduce_max_58(x0):
    """The graph reduce_max.

    Args:
        x0: [2, 3, 4]

    Returns:
        y: [3, 4]
    """
    return x0.amax(0)


def reduce_min_59(x0):
    """The graph reduce_min.

    Args:
        x0: [2, 3, 4]

    Returns:
        y: [3, 4]
    """
    return x0.amin(0)


def reduce_sum_60(x0):
    """The graph reduce_sum.

    Args:
        x0: [2, 3, 4]

    Returns:
        y: [2, 3]
    """
    return x0.sum(-1)


def reduce_max_61(x0):
    """The graph reduce_max.

    Args:
        x0: [2, 3, 4]

    Returns:
        y: [2, 3]
    """
    return x0.amax(-1)


def reduce_min_62(x0):
    """The graph reduce_min.

    Args:
        x0: [2, 3, 4]

    Returns:
        y: [2, 3]
    """
    return x0.amin(-1)


def reduce_sum_63(x0):
    """The graph reduce_sum.

    Args:
        x0: [2, 3, 4]

    Returns:
        y: [3]
    """
    return x0.sum((0, -1))


def reduce_max_64(x0):
    """The graph reduce_max.

    Args:
        x0: [2, 3, 4]

    Returns:
        y: [3]
    """
    return x0.amax((0, -1))


def reduce_min_65(x0):
    """The graph reduce_min.

    Args:
        x0: [2, 3, 4]

    Returns:
        y: [3]
    """
    return x0.amin((0, -1))


def reduce_sum_66(x0):
    """The graph reduce_sum.

    Args:
        x0: [2, 3, 4]

    Returns:
        y: []
    """
    return x0.sum()


def reduce_max_67(x0):
    """The graph reduce_max.

    Args:
        x0: [2, 3, 4]

    Returns:
        y: []
    """
    return x0.amax()


def reduce_min_68(x0):
    """The graph reduce_min.

    Args:
        x0: [2, 3, 4]

    Returns:
        y: []
    """
    return x0.amin()


def reduce_max_69(x0):
    """The graph reduce_max.

    Args:
        x0: [2]

    Returns:
        y: []
    """
    return x0.amax()


def reduce_sum_70(x0):
    """The graph reduce_sum.

    Args:
        x0: int32 [3]

    Returns:
        y: int32 []
    """
    return x0.sum(dtype=torch.int32)


def cumsum_71(x0):
    """The graph cumsum.

    Args:
        x0: [2, 3, 4]

    Returns:
        y: [2, 3, 4]
    """
    return x0.cumsum(1)


def cumsum_72(x0):
    """The graph cumsum.

    Args:
        x0: [2, 3, 4]

    Returns:
        y: [2, 3, 4]
    """
    return x0.flip(-1).cumsum(-1).flip(-1)


def linear_scan_73(x0, x1):
    """The graph linear_scan.

    Args:
        x0, x1: [2, 3, 4]

    Returns:
        y: [2, 3, 4]
    """
    return linear_scan(x0, x1, 1)


def linear_scan_74(x0, x1):
    """The graph linear_scan.

    Args:
        x0, x1: [2, 3, 4]

    Returns:
        y: [2, 3, 4]
    """
    return linear_scan(x0, x1, -1, reverse=True)


def reshape_75(x0):
    """The graph reshape.

    Args:
        x0: [2, 3, 4]

    Returns:
        y: [6, 4]
    """
    return x0.reshape(6, 4)


def broadcast_76(x0):
    """The graph broadcast.

    Args:
        x0: [3]

    Returns:
        y: [2, 3, 5]
    """
    return x0[:, None].expand(2, 3, 5)


def transpose_77(x0):
    """The graph transpose.

    Args:
        x0: [2, 3, 4]

    Returns:
        y: [4, 2, 3]
    """
    return x0.permute(2, 0, 1)


def slice_78(x0):
    """The graph slice.

    Args:
        x0: [2, 3, 4]

    Returns:
        y: [1, 2, 3]
    """
    return x0[1:, :2, 1:]


def pad_79(x0):
    """The graph pad.

    Args:
        x0: [2, 3, 4]

    Returns:
        y: [2, 4, 6]
    """
    return torch.nn.functional.pad(x0, (0, 2, 1, 0))


def concat_80(x0, x1, x2):
    """The graph concat.

    Args:
        x0: [2, 3, 4]
        x1: [2, 1, 4]
        x2: [2, 2, 4]

    Returns:
        y: [2, 6, 4]
    """
    return torch.cat([x0, x1, x2], dim=1)


def reverse_81(x0):
    """The graph reverse.

    Args:
        x0: [2, 3, 4]

    Returns:
        y: [2, 3, 4]
    """
    return x0.flip((0, 2))


def gather_82(x0, x1):
    """The graph gather.

    Args:
        x0: [3, 2]
        x1: int32 [2, 3]

    Returns:
        y: [2, 3, 2]
    """
    return x0[x1]


def scatter_add_83(x0, x1):
    """The graph scatter_add.

    Args:
        x0: int32 [2, 3]
        x1: [2, 3, 2]

    Returns:
        y: [4, 2]
    """
    return scatter_add(x0, x1, 4)


def pick_84(x0, x1):
    """The graph pick.

    Args:
        x0: [2, 3, 4]
        x1: int32 [2, 3]

    Returns:
        y: [2, 3]
    """
    return x0.gather(-1, x1.long()[..., None])[..., 0]


def sort_85(x0):
    """The graph sort.

    Args:
        x0: [2, 3]

    Returns:
        y: [2, 3]
    """
    return x0.sort(stable=True).values


def argsort_86(x0):
    """The graph argsort.

    Args:
        x0: [2, 3]

    Returns:
        y: int32 [2, 3]
    """
    return x0.argsort(stable=True).int()


def matmul_87(x0, x1):
    """The graph matmul.

    Args:
        x0: [2, 3, 4]
        x1: [2, 4, 5]

    Returns:
        y: [2, 3, 5]
    """
    return x0 @ x1


def matmul_88(x0, x1):
    """The graph matmul.

    Args:
        x0: [2, 3, 4]
        x1: [4, 5]

    Returns:
        y: [2, 3, 5]
    """
    return x0 @ x1


def matmul_89(x0, x1):
    """The graph matmul.

    Args:
        x0: [2, 3, 4]
        x1: [2, 5, 4]

    Returns:
        y: [2, 3, 5]
    """
    return x0 @ x1.mT


def matmul_90(x0, x1):
    """The graph matmul.

    Args:
        x0: [2, 3, 4]
        x1: [5, 4]

    Returns:
        y: [2, 3, 5]
    """
    return x0 @ x1.mT


def matmul_91(x0, x1):
    """The graph matmul.

    Args:
        x0: [2, 4, 3]
        x1: [2, 4, 5]

    Returns:
        y: [2, 3, 5]
    """
    return x0.mT @ x1


def matmul_92(x0, x1):
    """The graph matmul.

    Args:
        x0: [2, 4, 3]
        x1: [4, 5]

    Returns:
        y: [2, 3, 5]
    """
    return x0.mT @ x1


def matmul_93(x0, x1):
    """The graph matmul.

    Args:
        x0: [2, 4, 3]
        x1: [2, 5, 4]

    Returns:
        y: [2, 3, 5]
    """
    return x0.mT @ x1.mT


def matmul_94(x0, x1):
    """The graph matmul.

    Args:
        x0: [2, 4, 3]
        x1: [5, 4]

    Returns:
        y: [2, 3, 5]
    """
    return x0.mT @ x1.mT


def random_bits_95(x0, x1, x2, x3):
    """The graph random_bits.

    Args:
        x0, x1, x2, x3: int64 [3]

    Returns:
        y: int64 [3]
    """
    return threefry(x0, x1, x2, x3)
