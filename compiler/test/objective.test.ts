// `rlpc objective`: formulas, the presets that a stage equals, and where it differs from another.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { is, ok, suite } from '../../spec/test/suite.js'
import { showObjective } from '../cli/objective.js'
import { UsageError } from '../cli/options.js'
import { reference } from '../../runtime/executors/reference/reference.js'
import type { Graph } from '../../spec/graph/graph.js'
import { lowerPart } from '../lower/part.js'
import { functionTerm, PRESETS } from '../lower/presets.js'
import { probe } from '../lower/probe.js'
import type { FunctionTerm } from '../lower/terms.js'
import { modulesOf, noConstants } from '../lower/test/harness.js'
import type { DeclarationSymbol } from '../resolve/program.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const quickstart = join(root, 'examples/quickstart/main.rlp')

const match = (text: string, pattern: RegExp): void => ok(pattern.test(text), `${String(pattern)} in\n${text}`)

const spec = (attributes: string, functions = ''): string => `rlp 1

import { sequence_mean, token_mean } from "std/aggregations"
import { clipped, clipped_with_kl } from "std/losses"
import { exact } from "std/signals"
import { Grpo } from "std/stages"
import * as chains from "std/tasks/chains"

model small: Transformer {
  layers = 1
  width = 16
  heads = 2
  mlp = 32
  context = 48 tokens
  vocabulary = chains.words
}

dataset problems: Dataset[chains.Chain] { source = chains.chains(shortest = 1, longest = 2, split = "train") }

reward answer: Reward[chains.Chain] {
  term correct = exact(completion, row.answer)
  total = correct
}
${functions}
stage practice: Grpo {
  policy = small
  prompts = problems
  reward = answer
  length = 2 steps
  group_size = 4 rollouts
  rollout { per_step = 4 prompts, max_new = 12 tokens }
  optimizer { lr = 1e-3 }
  ${attributes}
}

pipeline p { outputs = { policy = practice.policy } }
`

async function shown(source: string, stage: string, against?: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'rlpc-objective-'))
  try {
    writeFileSync(join(folder, 'main.rlp'), source)
    return (await showObjective({ positionals: [join(folder, 'main.rlp'), stage], options: { against } })) ?? ''
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function refused(body: Promise<unknown>): Promise<UsageError> {
  try {
    await body
  } catch (error) {
    if (error instanceof UsageError) return error
    throw error
  }
  throw new Error('not refused')
}

suite('rlpc objective', (test) => {
  test('the quickstart: formulas, where they were written, and what they equal', async () => {
    const text = (await showObjective({ positionals: [quickstart, 'practice'], options: {} })) ?? ''
    ok(text.startsWith('practice["warm",0]: Grpo, the first of 2 instances\n'), text)
    match(text, /advantage = std\/advantages\.group_centred {4}written at main\.rlp:\d+/)
    ok(text.includes('reward - mean(reward, over = group)'))
    ok(text.includes('equals std/presets/trl-1.13.not_scaled on 64 random batches'))
    ok(text.includes('same graph as std/presets/verl-0.9.reinforce'))
    ok(text.includes('dr_grpo(max_completion_length = 80)'))
    match(text, /length = 80 +given at main\.rlp:\d+/)
  })

  test('the default loss is that of TRL, and differs from vanilla of verl where ratios are extreme', async () => {
    const text = await shown(spec(''), 'practice', 'std/presets/verl-0.9.vanilla')
    ok(text.includes('loss = std/losses.clipped    default of the kind'), text)
    ok(text.includes('centred / (std(reward, over = group, ddof = ddof) + eps)'), text)
    match(text, /clip = 0\.2\.\.0\.2 +default, std\/losses:\d+/)
    match(text, /(equals|same graph as) std\/presets\/trl-1\.13\.clipped/)
    match(text, /(equals|same graph as) std\/presets\/trl-1\.13\.scaled_by_group/)
    ok(text.includes('against std/presets/verl-0.9.vanilla: differs'))
    match(text, /constants only there: -20, .*3.*, 20/)
    // exp(25) is not clipped for a bad token here; there the dual clip bounds it.
    const extreme = /value, extreme numbers: log ratio 25, advantage (-[\d.]+): ours ([\d.e+]+), theirs ([\d.e+]+)/.exec(text)
    ok(extreme, text)
    const [advantage, ours, theirs] = extreme.slice(1).map(Number) as [number, number, number]
    ok(Math.abs(ours / (-advantage * Math.exp(25)) - 1) < 1e-3)
    ok(Math.abs(theirs / (-advantage * 3) - 1) < 1e-3)
  })

  test('bound arguments are handed to the preset; other constants of one formula are named', async () => {
    const text = await shown(spec('loss = clipped(clip = 0.2..0.28)\n  aggregate = sequence_mean'), 'practice', 'trl-1.13.clipped(epsilon = 0.2, epsilon_high = 0.3)')
    match(text, /std\/presets\/trl-1\.13\.clipped\(epsilon = 0\.2, epsilon_high = 0\.28\)/)
    ok(text.includes('against std/presets/trl-1.13.clipped(epsilon = 0.2, epsilon_high = 0.3): differs'))
    match(text, /trl-1\.13\.grpo/)
    ok(text.includes('1.28 here, 1.3 there'))
  })

  test('constants that only guard a division are told apart from none', async () => {
    const text = await shown(spec('aggregate = sequence_mean'), 'practice', 'verl-0.9.agg_loss(loss_agg_mode = "seq-mean-token-mean")')
    const aggregate = text.slice(text.indexOf('\naggregate = '))
    ok(aggregate.includes('same graph as std/presets/trl-1.13.grpo'), aggregate)
    ok(aggregate.includes('"seq-mean-token-mean"): differs'), aggregate)
    match(aggregate, /constants only there: .*1e-8/)
    for (const [, ours, theirs] of aggregate.matchAll(/ours (\S+), theirs (\S+)/g)) {
      ok(ours !== theirs)
      ok(Math.abs(Number(ours) / Number(theirs) - 1) < 1e-6, aggregate)
    }
  })

  test('constants that make next to no difference are named, never called equal', async () => {
    const differing = await shown(spec('advantage = group_relative(eps = 1e-6)').replace('import { Grpo }', 'import { group_relative } from "std/advantages"\nimport { Grpo }'), 'practice', 'trl-1.13.scaled_by_group')
    const advantage = differing.slice(differing.indexOf('\nadvantage = '), differing.indexOf('\nloss = '))
    ok(advantage.includes('scaled_by_group: differs'), advantage)
    match(advantage, /0\.000001[^]*0\.0001/)
    ok(!/(equals|same graph as|nearly) std\/presets\/trl-1\.13\.scaled_by_group/.test(advantage), advantage)
    // Below what batches can show, the constants themselves must be told.
    const text = await shown(spec('loss = clipped(clip = 0.2..0.20000000000001)'), 'practice', 'trl-1.13.clipped')
    match(text, /against std\/presets\/trl-1\.13\.clipped: nearly equal: no difference above 1e-10.*\n +1\.20000000000001 here, 1\.2 there/)
    ok(!text.includes('equals std/presets/trl-1.13.clipped '), text)
  })

  test('a bound that only small ratios meet is a difference', async () => {
    const loss = (name: string, ratio: string): string => `fn ${name}(logp: Real per token, old_logp: Real per token, advantage: Real per rollout): Real per token = -advantage * exp(${ratio})\n`
    const levels = ['token', 'rollout', 'group', 'batch']
    const modules = modulesOf(`rlp 1\n${loss('bounded', 'max(logp - old_logp, -20)')}${loss('free', 'logp - old_logp')}`)
    const [a, b] = ['bounded', 'free'].map((name) => lowerPart('loss', levels, functionTerm(modules.get('main.rlp')?.declared.get(name) as DeclarationSymbol) as FunctionTerm, noConstants) as Graph) as [Graph, Graph]
    const session = await reference.open()
    const found = await probe('loss', levels, a, b, (graph, bindings, feeds) => session.load(graph, bindings).run(feeds))
    ok(found.some(({ batches }) => batches === 'vanishing ratios'), JSON.stringify(found))
  })

  test('losses of samples without tokens are told apart', async () => {
    const fn = (name: string, value: string): string => `fn ${name}(logp: Real per sample): Real per sample = ${value}\n`
    const levels = ['sample', 'batch']
    const modules = modulesOf(`rlp 1\n${fn('plain', '-logp')}${fn('weighted', '-exp(logp) * logp')}${fn('again', '0 - logp')}`)
    const [plain, weighted, again] = ['plain', 'weighted', 'again'].map((name) => lowerPart('loss', levels, functionTerm(modules.get('main.rlp')?.declared.get(name) as DeclarationSymbol) as FunctionTerm, noConstants) as Graph) as [Graph, Graph, Graph]
    const session = await reference.open()
    const differences = (other: Graph) => probe('loss', levels, plain, other, (graph, bindings, feeds) => session.load(graph, bindings).run(feeds))
    ok((await differences(weighted)).length > 0)
    is((await differences(again)).length, 0)
  })

  test('a function of the file is compared by what it computes, not by its name', async () => {
    const own = `
fn part_of(x: Real per token): Real per token = 2 * x
/// Nobody's loss.
fn vanilla(logp: Real per token, advantage: Real per rollout): Real per token = part_of(-logp) * advantage
`
    const text = await shown(spec('loss = vanilla', own), 'practice', 'verl-0.9.reinforce')
    ok(text.includes('loss = main.rlp.vanilla') || text.includes('loss = main.vanilla'), text)
    ok(text.includes("Nobody's loss."))
    ok(text.includes('where part_of(x) =') && text.includes('2 * x'))
    const loss = text.slice(text.indexOf('\nloss = '), text.indexOf('\naggregate = '))
    ok(loss.includes('equals no preset'))
    ok(loss.includes('against std/presets/verl-0.9.reinforce: differs'))
  })

  test('wrong names are wrong use, with what was meant', async () => {
    is((await refused(shown(spec(''), 'practise'))).help, 'did you mean `practice`?')
    is((await refused(shown(spec(''), 'practice', 'verl-0.9.vanila'))).help, 'did you mean `std/presets/verl-0.9.vanilla`?')
    match((await refused(shown(spec(''), 'practice', 'verl-0.9.dppo_tv(5)'))).message, /dppo_tv|function/)
    match((await refused(shown(spec(''), 'practice', 'verl-0.9.overlong'))).message, /cannot stand in `practice`/)
    match((await refused(showObjective({ positionals: [quickstart, 'exam'], options: {} }))).message, /has no objective/)
    match((await refused(showObjective({ positionals: [quickstart], options: {} }))).message, /which stage/)
  })

  test('every preset module that is named exists', () => {
    for (const path of PRESETS) ok(existsSync(join(root, 'stdlib', `${path.slice(4)}.rlp`)))
  })
})
