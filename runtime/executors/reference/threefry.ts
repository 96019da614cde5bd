// Threefry-2x32 with 20 rounds (Salmon et al., SC 2011; Random123 1.09): counter-based random bits.
// Does not turn bits into numbers of a distribution.

const ROTATIONS: readonly number[] = [13, 15, 26, 6, 17, 29, 16, 24]
const PARITY = 0x1bd11bda

/** The two words of the block cipher, as unsigned 32-bit integers. */
export function threefry2x32(key0: number, key1: number, counter0: number, counter1: number): [number, number] {
  const keys = [key0 | 0, key1 | 0, PARITY ^ key0 ^ key1]
  let x0 = (counter0 + key0) | 0
  let x1 = (counter1 + key1) | 0
  for (let round = 0; round < 20; round++) {
    const rotation = ROTATIONS[round % 8] as number
    x0 = (x0 + x1) | 0
    x1 = ((x1 << rotation) | (x1 >>> (32 - rotation))) ^ x0
    if (round % 4 === 3) {
      const injection = (round + 1) / 4
      x0 = (x0 + (keys[injection % 3] as number)) | 0
      x1 = (x1 + (keys[(injection + 1) % 3] as number) + injection) | 0
    }
  }
  return [x0 >>> 0, x1 >>> 0]
}
