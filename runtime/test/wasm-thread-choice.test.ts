// How the wasm executor chooses between one thread and several, with a clock of our own.

import { is, ok, suite } from '../../spec/test/suite.js'
import { Pace } from '../executors/wasm/thread-choice.js'

/** Runs `count` times on a machine where a run takes so long alone and together; returns the threads of each. */
function follow(pace: Pace, count: number, alone: number, together: number): number[] {
  let now = 0
  const chosen: number[] = []
  for (let i = 0; i < count; i++) {
    pace.run((threads) => {
      chosen.push(threads)
      now += threads === 1 ? alone : together
    }, () => now)
  }
  return chosen
}

const share = (chosen: readonly number[], threads: number): number => chosen.filter((each) => each === threads).length / chosen.length

suite('wasm pace', (test) => {
  test('one thread needs no clock', () => is(follow(new Pace(1), 5, 1, 1).join(), '1,1,1,1,1'))

  test('the faster way is taken, the other one looked at ever more rarely', () => {
    ok(share(follow(new Pace(4), 2000, 2, 1), 4) > 0.99)
    ok(share(follow(new Pace(4), 2000, 1, 2), 1) > 0.98)
  })

  test('a machine that becomes busy, and quiet again, is followed', () => {
    const pace = new Pace(2)
    is(follow(pace, 20, 2, 1).at(-1), 2)
    // At most as many runs as lie between two looks.
    is(share(follow(pace, 1500, 2, 9).slice(-400), 1) > 0.99, true)
    is(share(follow(pace, 1500, 2, 1).slice(-400), 2) > 0.99, true)
  })
})
