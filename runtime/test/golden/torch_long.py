import torch


def long(
    a_rather_long_name_0,
    a_rather_long_name_1,
    a_rather_long_name_2,
    a_rather_long_name_3,
    a_rather_long_name_4,
    a_rather_long_name_5,
    a_rather_long_name_6,
    a_rather_long_name_7,
    a_rather_long_name_8,
    a_rather_long_name_9,
    a_rather_long_name_10,
    a_rather_long_name_11,
    a_rather_long_name_12,
    a_rather_long_name_13,
    a_rather_long_name_14,
    a_rather_long_name_15,
    a_rather_long_name_16,
    a_rather_long_name_17,
    a_rather_long_name_18,
    a_rather_long_name_19,
    a_rather_long_name_20,
    a_rather_long_name_21,
    a_rather_long_name_22,
    a_rather_long_name_23,
    a_rather_long_name_24,
    a_rather_long_name_25,
    a_rather_long_name_26,
    a_rather_long_name_27,
    a_rather_long_name_28,
    a_rather_long_name_29,
):
    """Adds up.

    Args:
        a_rather_long_name_0, a_rather_long_name_1, a_rather_long_name_2, a_rather_long_name_3,
            a_rather_long_name_4, a_rather_long_name_5, a_rather_long_name_6, a_rather_long_name_7,
            a_rather_long_name_8, a_rather_long_name_9, a_rather_long_name_10,
            a_rather_long_name_11, a_rather_long_name_12, a_rather_long_name_13,
            a_rather_long_name_14, a_rather_long_name_15, a_rather_long_name_16,
            a_rather_long_name_17, a_rather_long_name_18, a_rather_long_name_19,
            a_rather_long_name_20, a_rather_long_name_21, a_rather_long_name_22,
            a_rather_long_name_23, a_rather_long_name_24, a_rather_long_name_25,
            a_rather_long_name_26, a_rather_long_name_27, a_rather_long_name_28,
            a_rather_long_name_29: [N]

    Returns:
        y: [N]
    """
    total = a_rather_long_name_0 * a_rather_long_name_1 + torch.sin(a_rather_long_name_1)
    total_2 = total * a_rather_long_name_2 + torch.sin(a_rather_long_name_2)
    total_3 = total_2 * a_rather_long_name_3 + torch.sin(a_rather_long_name_3)
    total_4 = total_3 * a_rather_long_name_4 + torch.sin(a_rather_long_name_4)
    total_5 = total_4 * a_rather_long_name_5 + torch.sin(a_rather_long_name_5)
    total_6 = total_5 * a_rather_long_name_6 + torch.sin(a_rather_long_name_6)
    total_7 = total_6 * a_rather_long_name_7 + torch.sin(a_rather_long_name_7)
    total_8 = total_7 * a_rather_long_name_8 + torch.sin(a_rather_long_name_8)
    total_9 = total_8 * a_rather_long_name_9 + torch.sin(a_rather_long_name_9)
    total_10 = total_9 * a_rather_long_name_10 + torch.sin(a_rather_long_name_10)
    total_11 = total_10 * a_rather_long_name_11 + torch.sin(a_rather_long_name_11)
    total_12 = total_11 * a_rather_long_name_12 + torch.sin(a_rather_long_name_12)
    total_13 = total_12 * a_rather_long_name_13 + torch.sin(a_rather_long_name_13)
    total_14 = total_13 * a_rather_long_name_14 + torch.sin(a_rather_long_name_14)
    total_15 = total_14 * a_rather_long_name_15 + torch.sin(a_rather_long_name_15)
    total_16 = total_15 * a_rather_long_name_16 + torch.sin(a_rather_long_name_16)
    total_17 = total_16 * a_rather_long_name_17 + torch.sin(a_rather_long_name_17)
    total_18 = total_17 * a_rather_long_name_18 + torch.sin(a_rather_long_name_18)
    total_19 = total_18 * a_rather_long_name_19 + torch.sin(a_rather_long_name_19)
    total_20 = total_19 * a_rather_long_name_20 + torch.sin(a_rather_long_name_20)
    total_21 = total_20 * a_rather_long_name_21 + torch.sin(a_rather_long_name_21)
    total_22 = total_21 * a_rather_long_name_22 + torch.sin(a_rather_long_name_22)
    total_23 = total_22 * a_rather_long_name_23 + torch.sin(a_rather_long_name_23)
    total_24 = total_23 * a_rather_long_name_24 + torch.sin(a_rather_long_name_24)
    total_25 = total_24 * a_rather_long_name_25 + torch.sin(a_rather_long_name_25)
    total_26 = total_25 * a_rather_long_name_26 + torch.sin(a_rather_long_name_26)
    total_27 = total_26 * a_rather_long_name_27 + torch.sin(a_rather_long_name_27)
    total_28 = total_27 * a_rather_long_name_28 + torch.sin(a_rather_long_name_28)
    return total_28 * a_rather_long_name_29 + torch.sin(a_rather_long_name_29)
