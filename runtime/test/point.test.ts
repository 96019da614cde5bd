// The point mass: its dynamics, and what the recorded actor reaches.

import { episodes, step } from '../tasks/point.js'
import { equal, near, ok, suite } from '../../spec/test/suite.js'

suite('point', (test) => {
  test('a push, drag and walls', () => {
    const { state, reward, done } = step({ at: [0, 0], speed: [0.1, 0] }, [1, -3])
    near([...state.at, ...state.speed], [0.1, -0.02, 0.1, -0.02])
    equal([reward, done], [0, false])
    equal(step({ at: [0.95, 0], speed: [0.2, 0] }, [1, 0]).state.speed[0], 0)
    equal(step({ at: [0.75, 0.75], speed: [0, 0] }, [0, 0]).reward, 1)
  })

  test('the actor reaches the goal in its share of episodes, and the returns are theirs', () => {
    const data = episodes(0.6, 0.5, 3)
    let [done, ended] = [0, 0]
    let length = 0
    for (let i = 0; ended < 200; i++) {
      const row = data.row(i) as { done: boolean; reward: number; return_to_go: number; observation: number[]; next: number[] }
      const follow = data.row(i + 1) as typeof row
      length++
      const last = row.done || length === 50
      if (!last) near([row.return_to_go], [0.99 * follow.return_to_go])
      if (!last) equal(row.next, follow.observation)
      if (last) {
        ended++
        if (row.done) done++
        near([row.return_to_go], [row.reward])
        length = 0
      }
    }
    ok(done / ended > 0.3 && done / ended < 0.5, `${done} of ${ended}`)
    equal(episodes(0.6, 0.5, 3).row(77), data.row(77))
  })
})
