// Pictures of tiles: answers are where the question points, shortcuts say them, and the two splits share nothing.

import type { Dataset } from '../data/dataset.js'
import { COLOURS, described, tiles } from '../tasks/tiles.js'
import { is, ok, suite } from '../../spec/test/suite.js'

const rows = (data: Dataset, count = 400) => Array.from({ length: count }, (_, i) => data.row(i) as { prompt: string; answer: string; looks: number; completion: string })

suite('tiles', (test) => {
  test('a question that looks is answered by its tile, the others by themselves', () => {
    for (const { prompt, answer, looks } of rows(tiles(0.5, 'train'))) {
      const words = prompt.split(' ')
      is(words.length, 28)
      const picture = words.slice(words.indexOf('<img>') + 1, words.indexOf('</img>'))
      is(picture.length, 16)
      is(answer, looks === 1 ? picture[Number(words.at(-2))] : words.at(-2))
      ok(COLOURS.includes(answer))
    }
  })

  test('so many take the shortcut as it says', () => {
    for (const share of [0, 0.25, 1]) ok(Math.abs(rows(tiles(share, 'test'), 1000).filter(({ looks }) => looks === 0).length / 1000 - share) < 0.05)
  })

  test('train and test share no problem', () => {
    const train = new Set(rows(tiles(0.5, 'train')).map(({ prompt }) => prompt))
    ok(rows(tiles(0.5, 'test')).every(({ prompt }) => !train.has(prompt)))
  })

  test('lessons', () => {
    const [row] = rows(described(tiles(0, 'train'), true), 1)
    is(row?.completion, `<think> look ${row?.answer} </think> <answer> ${row?.answer} </answer> <eos>`)
  })
})
