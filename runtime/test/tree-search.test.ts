// The tree of a search against a search of our own that keeps all values instead of running means, and searches, votes and forced answers of a model
// that writes at random: what is counted, kept and recalled.

import { majority } from '../engines/native/majority-vote.js'
import { pathTo, Tree, type Formulas, type Node } from '../engines/native/tree.js'
import { equal, is, near, ok, suite } from '../../spec/test/suite.js'
import { inHome } from './plans.js'
import { planOfSpec } from './specs.js'

const EXPLORATION = 1.4
const formulas: Formulas = {
  select: async ({ value, visits, parent_visits }) => value + EXPLORATION * Math.sqrt(Math.log(Math.max(parent_visits, 1)) / Math.max(visits, 1)),
  backup: async ({ value, visits, children, children_value }) => (visits * value + children_value) / (visits + children),
}

/** A number in 0..1 for a path, without any order in it. */
const worth = (path: readonly number[]): number => Math.abs(Math.sin(path.reduce((sum, step, i) => sum * 7 + (step + 1) * (i + 3), 1))) 

/** The same search written otherwise: paths in a table, each with all values that were ever found at or below it. */
function search(rounds: number, branching: number, depth: number, ends: (path: readonly number[]) => boolean): string[] {
  const found = new Map<string, number[]>([['', []]])
  const key = (path: readonly number[]): string => path.join(',')
  const expanded: string[] = []
  const dead = (path: readonly number[]): boolean =>
    path.length > 0 && (ends(path) || path.length >= depth) ? true : expanded.includes(key(path)) && Array.from({ length: branching }, (_, i) => dead([...path, i])).every(Boolean)
  for (let round = 0; round < rounds && !dead([]); round++) {
    let path: number[] = []
    while (expanded.includes(key(path))) {
      const all = (found.get(key(path)) as number[]).length
      const options = Array.from({ length: branching }, (_, i) => [...path, i]).filter((option) => !dead(option))
      const scores = options.map((option) => {
        const values = found.get(key(option)) as number[]
        return values.reduce((a, b) => a + b, 0) / values.length + EXPLORATION * Math.sqrt(Math.log(all) / values.length)
      })
      path = options[scores.indexOf(Math.max(...scores))] as number[]
    }
    expanded.push(key(path))
    for (let i = 0; i < branching; i++) {
      const value = worth([...path, i])
      found.set(key([...path, i]), [value])
      for (let length = 0; length <= path.length; length++) (found.get(key(path.slice(0, length))) as number[]).push(value)
    }
  }
  return expanded
}

suite('tree', (test) => {
  test('expands the nodes that a search without running means expands, in the same order', async () => {
    for (const [branching, depth] of [[2, 4], [3, 3], [3, 6], [1, 5]] as const) {
      for (const ends of [() => false, (path: readonly number[]) => worth(path) > 0.8]) {
        const tree = new Tree<number>(depth, formulas)
        const expanded: string[] = []
        for (let round = 0; round < 25; round++) {
          const leaf = await tree.leaf()
          if (!leaf) break
          const path = pathTo(leaf)
          expanded.push(path.join(','))
          await tree.expand(leaf, Array.from({ length: branching }, (_, i) => ({ content: i, value: worth([...path, i]), ended: ends([...path, i]) })))
        }
        equal(expanded, search(25, branching, depth, ends))
      }
    }
  })

  test('the value of a node is the mean of its own and all below; the best path leads to an end', async () => {
    const tree = new Tree<string>(3, formulas)
    const leaf = async (): Promise<Node<string>> => (await tree.leaf()) as Node<string>
    await tree.expand(await leaf(), [{ content: 'a', value: 0.9, ended: false }, { content: 'b', value: 0.2, ended: false }])
    await tree.expand(await leaf(), [{ content: 'c', value: 0.5, ended: false }, { content: 'd', value: 0.1, ended: false }])
    near(tree.root.value, (0.9 + 0.2 + 0.5 + 0.1) / 4)
    near(tree.root.children[0]?.value as number, (0.9 + 0.5 + 0.1) / 3)
    equal(pathTo(tree.best()), ['a', 'c'])
    const [, b] = tree.root.children as [Node<string>, Node<string>]
    await tree.expand(b, [{ content: 'e', value: 0.3, ended: true }])
    equal(pathTo(tree.best()), ['b', 'e'], 'the other has no end yet')
  })

  test('nothing is expanded below an end, at full depth, or where all below is closed', async () => {
    const tree = new Tree<number>(2, formulas)
    await tree.expand((await tree.leaf()) as Node<number>, [{ content: 0, value: 1, ended: true }, { content: 1, value: 0, ended: false }])
    await tree.expand((await tree.leaf()) as Node<number>, [{ content: 0, value: 1, ended: false }])
    is(await tree.leaf(), undefined)
  })
})

suite('majority', (test) => {
  const rows: [(string | null)[], number, number][] = [
    [['a', 'b', 'b'], 2, 1],
    [['b', 'a', 'a', 'b'], 2, 0],
    [[null, null, 'c'], 1, 2],
    [[null, null], 0, 0],
    [['__proto__', 'constructor', 'constructor'], 2, 1],
  ]
  for (const [answers, votes, first] of rows) test(JSON.stringify(answers), () => equal(majority(answers), { votes, first }))
})

const spec = (stage: string): string => `
import { matches, length, exact, tagged } from "std/signals"
import { Fact, ForceAnswer, MajorityVote, quality_only, TreeSearch } from "std/inference"
import { Evaluate } from "std/stages"
import * as hops from "std/tasks/hops"

model m: Transformer { layers = 1, width = 16, heads = 2, mlp = 16, context = 64 tokens, vocabulary = hops.words, init_std = 0.3 }
dataset questions: Dataset[hops.Question] { source = hops.hops(links = 3..3, hops = 1..1), take = 4 samples }
dataset facts: Dataset[Fact] { source = hops.table(hops.hops(links = 3..3, hops = 1..1, missing = true)), take = 60 samples }
reward judged: Reward[hops.Question] {
  term yes  = matches(completion, "")
  term no   = 0 * matches(completion, "x")
  term fact = matches(completion, "^[a-t]: [a-t]$")
  term right = exact(tagged(completion, "answer"), row.answer)
  measure forced = matches(completion, "</think> <answer>")
  measure tokens = length(completion)
  total = yes + no + fact + right
}
stage one: ${stage}
pipeline p { outputs = {} }
`

const measured = (stage: string): Promise<Readonly<Record<string, number>>> =>
  inHome(async (_, run) => {
    const { result } = await run(await planOfSpec(spec(stage)))
    is(result.outcome, 'done', JSON.stringify(result.stages))
    return result.stages[0]?.metrics as Readonly<Record<string, number>>
  })

const searched = (settings: string, recall = ''): Promise<Readonly<Record<string, number>>> =>
  measured(`TreeSearch { policy = m, data = questions, judge = judged.yes, score = judged.yes, step = " ", max_new = 4 tokens, temperature = 2.0
  reads = "{memories} {prompt}"
  ${settings}
  ${recall} }`)

suite('tree search', (test) => {
  test('calls stay within their number, a memory and its judge included', async () => {
    for (const calls of [3, 7, 20]) {
      for (const recall of ['', 'knowledge = facts, recall_judge = judged.fact', 'recall = m, associate = "{prompt} {path}", recall_judge = judged.fact']) {
        const found = await searched(`branching = 2, depth = 3, calls = ${calls}`, recall)
        ok((found['calls'] as number) <= calls && (found['calls'] as number) >= 1, JSON.stringify(found))
        is(found['accuracy'], 1)
      }
    }
  })

  test('one child at a time is a completion: depth x length of tokens at most', async () => {
    const { tokens, calls } = await searched('branching = 1, depth = 3, calls = 40')
    ok((tokens as number) <= 12, String(tokens))
    ok((calls as number) <= 7, 'a step and its judgement for each of three, and the end')
  })

  test('a value that is good enough ends the search', async () => {
    const [all, few] = [await searched('branching = 2, depth = 4, calls = 30'), await searched('branching = 2, depth = 4, calls = 30, stop_at = 0.5')]
    ok((few['calls'] as number) < (all['calls'] as number))
  })
})

suite('majority vote and forced answers', (test) => {
  test('one vote is an evaluation', async () => {
    const of = (kind: string): string => `${kind} { policy = m, data = questions, score = judged.yes, samples = 1 rollouts, max_new = 8 tokens, temperature = 1.0 }`
    const { accuracy, agreement, tokens } = await measured(of('MajorityVote'))
    equal({ accuracy, tokens: (tokens as number) <= 8 }, { accuracy: 1, tokens: true })
    ok((agreement as number) <= 1)
  })

  test('what the budget cuts gets the text and an answer; what ends before gets nothing', async () => {
    const { forced, accuracy, tokens, ...rest } = await measured('ForceAnswer { policy = m, data = questions, score = judged.forced, samples = 8 rollouts, max_new = 6 tokens, text = "</think> <answer>", answer = 3 tokens, temperature = 1.0 }')
    ok((forced as number) > 0 && (forced as number) <= 1)
    near(accuracy as number, forced as number, { what: 'the text is there exactly where it was put' })
    ok((tokens as number) <= 6 + 2 + 3 && (rest['terms.tokens'] as number) === tokens)
  })
})
