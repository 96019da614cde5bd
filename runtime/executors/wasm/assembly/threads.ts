// How threads divide a step and wait for each other. All of them run the same program over one shared memory.
// A barrier spins for about as long as waking a sleeping thread takes, tens of microseconds, and then sleeps: a core that is busy elsewhere is not burnt.

/** Words of the block that threads meet at, each in a cache line of its own: how many have arrived, how often all have met, how many sleep, who failed. */
const MET: usize = 64
const ASLEEP: usize = 128
const FAILED: usize = 192
const SPINS = 20_000
/** Nanoseconds after which a thread that sleeps looks whether another one has failed. */
const NAP: i64 = 1_000_000

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

/**
 * Returns when all earlier turns have passed `word`. Runs of one program after the other, each by one thread, add to a state in the order of their
 * turns, so that sums do not depend on the threads; `turn` is negative where there is no such order. Traps where another thread has failed.
 */
export function await_turn(word: usize, turn: i32, block: usize): void {
  if (turn < 0) return
  let spins = SPINS
  for (let now = atomic.load<i32>(word); now != turn; now = atomic.load<i32>(word)) {
    if (atomic.load<i32>(block + FAILED) != 0) unreachable()
    if (spins > 0) spins--
    else atomic.wait<i32>(word, now, NAP)
  }
}

/** Lets the next turn at a state. */
export function pass_turn(word: usize, turn: i32): void {
  if (turn < 0) return
  atomic.store<i32>(word, turn + 1)
  atomic.notify(word, -1)
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
