// Threefry-2x32 with 20 rounds (Salmon et al., SC 2011), four counters at once: the first output word of each.
// Does not turn bits into numbers of a distribution.

// @ts-ignore: decorator
@inline
function rotate(x: v128, by: i32): v128 {
  return v128.or(i32x4.shl(x, by), i32x4.shr_u(x, 32 - by))
}

export function threefry(key0: v128, key1: v128, counter0: v128, counter1: v128): v128 {
  const key2 = v128.xor(v128.xor(key0, key1), i32x4.splat(0x1bd11bda))
  let x = i32x4.add(counter0, key0)
  let y = i32x4.add(counter1, key1)

  x = i32x4.add(x, y); y = v128.xor(rotate(y, 13), x)
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 15), x)
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 26), x)
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 6), x)
  x = i32x4.add(x, key1); y = i32x4.add(y, i32x4.add(key2, i32x4.splat(1)))

  x = i32x4.add(x, y); y = v128.xor(rotate(y, 17), x)
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 29), x)
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 16), x)
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 24), x)
  x = i32x4.add(x, key2); y = i32x4.add(y, i32x4.add(key0, i32x4.splat(2)))

  x = i32x4.add(x, y); y = v128.xor(rotate(y, 13), x)
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 15), x)
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 26), x)
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 6), x)
  x = i32x4.add(x, key0); y = i32x4.add(y, i32x4.add(key1, i32x4.splat(3)))

  x = i32x4.add(x, y); y = v128.xor(rotate(y, 17), x)
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 29), x)
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 16), x)
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 24), x)
  x = i32x4.add(x, key1); y = i32x4.add(y, i32x4.add(key2, i32x4.splat(4)))

  x = i32x4.add(x, y); y = v128.xor(rotate(y, 13), x)
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 15), x)
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 26), x)
  x = i32x4.add(x, y); y = v128.xor(rotate(y, 6), x)
  return i32x4.add(x, key2)
}
