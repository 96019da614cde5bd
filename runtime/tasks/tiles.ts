// Questions about a picture of sixteen tiles, where words stand for patches. Half of them need the picture; the others say their answer, a shortcut that
// a model can learn instead of looking.

import type { Dataset } from '../data/dataset.js'
import { generated, mapped } from '../data/draws.js'
import { below, randomKey, uniform } from '../random.js'
import { splitOf, type Split } from './split.js'

export const COLOURS = ['red', 'green', 'blue', 'white', 'black', 'gold']
const TILES = 16

/**
 * Rows `{ prompt: "<bos> <sys> be brief and kind </sys> <img> red blue … </img> at 7 ?", answer: "blue", looks: 1 }` without end; with probability `shortcut`
 * the question is `say blue ?` and `looks` 0. The split is by a hash of picture and question.
 */
export function tiles(shortcut: number, split: Split): Dataset {
  return generated((seed) => {
    const key = randomKey(seed, 'tiles')
    return (i) => {
      const looks = uniform(key, i, 0) >= shortcut
      for (let attempt = 0; ; attempt++) {
        const draw = (n: number, place: number): number => below(key, n, i, 1 + attempt * (TILES + 2) + place)
        const picture = Array.from({ length: TILES }, (_, at) => COLOURS[draw(COLOURS.length, at)] as string)
        const place = draw(TILES, TILES)
        const answer = looks ? (picture[place] as string) : (COLOURS[draw(COLOURS.length, TILES + 1)] as string)
        const question = looks ? `at ${place} ?` : `say ${answer} ?`
        const problem = `<img> ${picture.join(' ')} </img> ${question}`
        if (splitOf(problem) === split) return { prompt: `<bos> <sys> be brief and kind </sys> ${problem}`, answer, looks: Number(looks) }
      }
    }
  })
}

/** The question with its answer; with `anchored` the thought says that it looks. */
export const described = (of: Dataset, anchored: boolean): Dataset => mapped(of, (row) => ({ ...row, completion: `<think> ${anchored ? 'look ' : ''}${row['answer']} </think> <answer> ${row['answer']} </answer> <eos>` }))
