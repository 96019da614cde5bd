// How threads divide a step and wait for each other. All of them run the same program over one shared memory.
// A barrier spins for about as long as waking a sleeping thread takes, tens of microseconds, and then sleeps: a core that is busy elsewhere is not burnt.

/** Words of the block that threads meet at, each in a cache line of its own: how many have arrived, how often all have met, how many sleep, who failed. */
const MET: usize = 64
const ASLEEP: usize = 128
const FAILED: usize = 192
const SPINS = 20_000

/** The first of `items` that belongs to a thread; shares are whole grains and as even as those allow. */
export function share(items: i32, grain: i32, thread: i32, threads: i32): i32 {
  const grains = (items + grain - 1) / grain
  return min(items, <i32>((<i64>grains * thread) / threads) * grain)
}

/** Returns when all threads are here. Traps where one of them has failed. */
export function barrier(block: usize, threads: i32): void {
  if (threads == 1) return
  // Read before looking for a failure: one that comes later changes it, and nobody waits for who has left.
  const met = atomic.load<i32>(block + MET)
  if (atomic.load<i32>(block + FAILED) != 0) unreachable()
  if (atomic.add<i32>(block, 1) == threads - 1) {
    atomic.store<i32>(block, 0)
    meet(block, met)
  } else {
    let spins = SPINS
    while (atomic.load<i32>(block + MET) == met && spins > 0) spins--
    if (spins == 0) {
      atomic.add<i32>(block + ASLEEP, 1)
      while (atomic.load<i32>(block + MET) == met) atomic.wait<i32>(block + MET, met, -1)
      atomic.sub<i32>(block + ASLEEP, 1)
    }
  }
  if (atomic.load<i32>(block + FAILED) != 0) unreachable()
}

/** Lets the others go, who find that this thread (counted from 1) has failed. Of several, the first one counts. */
export function fail(block: usize, thread: i32): void {
  atomic.cmpxchg<i32>(block + FAILED, 0, thread)
  meet(block, atomic.load<i32>(block + MET))
}

// @ts-ignore: decorator
@inline
function meet(block: usize, met: i32): void {
  atomic.store<i32>(block + MET, met + 1)
  if (atomic.load<i32>(block + ASLEEP) > 0) atomic.notify(block + MET, -1)
}
