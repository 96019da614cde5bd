// Whether a program runs faster alone or together: on a machine that others use, threads wait for each other longer than they save.
// Results are the same either way, so this may follow the clock. One object for each program.

/** Runs before a choice is looked at again, at first and at most. */
const [SOONEST, LATEST] = [8, 512]
/** How much the last run counts in the time that is remembered. */
const FRESH = 0.3

export class Pace {
  /** Smoothed milliseconds of a run, alone and together. */
  private readonly times: [alone?: number, together?: number] = []
  private together = 1 as 0 | 1
  private interval = SOONEST
  private left = 1

  /** @param threads how many there are when a program runs together */
  constructor(private readonly threads: number) {}

  /** Runs with the number of threads that was faster lately, and now and then with the other one. */
  run(go: (threads: number) => void, clock: () => number = () => performance.now()): void {
    if (this.threads === 1) return go(1)
    const trial = --this.left <= 0
    const way = trial ? ((1 - this.together) as 0 | 1) : this.together
    const start = clock()
    go(way === 1 ? this.threads : 1)
    const time = clock() - start
    const known = this.times[way]
    // A trial counts as it is: what is remembered of that way is old.
    this.times[way] = known === undefined || trial ? time : known + FRESH * (time - known)
    if (trial) this.decide()
  }

  private decide(): void {
    const [alone, together] = this.times
    const better = alone !== undefined && together !== undefined ? (Number(together <= alone) as 0 | 1) : this.together
    this.interval = better === this.together ? Math.min(2 * this.interval, LATEST) : SOONEST
    this.together = better
    this.left = this.interval
  }
}
