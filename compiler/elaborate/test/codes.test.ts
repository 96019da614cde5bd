// Every code of elaboration: a source with ⟦…⟧ around the place of the complaint, and words that must be in it.
// The last test walks the table of codes: one without a case fails. The checker is not run, so that each case shows this layer.

import { readFileSync, existsSync } from 'node:fs'
import { is, ok, suite } from '../../../spec/test/suite.js'
import type { Diagnostic } from '../../../grammar/diagnostics/diagnostic.js'
import { lowerModel } from '../../model/models.js'
import { assemble, type Lowering } from '../../plan/assemble.js'
import { codes, type Code } from '../codes.js'
import { testRewards } from '../../lower/reward-tests.js'
import { COMMON, elaborated, type Outcome, type Settings } from './harness.js'

interface Case extends Settings {
  readonly code: Code
  readonly name: string
  /** What follows the common declarations; `⟦…⟧` marks the primary span unless it is on the command line. */
  readonly source: string
  /** Must occur in title, label, notes or help. */
  readonly says: readonly string[]
  /** Text under the carets when the place is on the command line. */
  readonly commandLine?: string
  /** The phase after elaboration that complains. */
  readonly after?: (outcome: Outcome) => readonly Diagnostic[] | Promise<readonly Diagnostic[]>
}

const TRAINING = 'data = chains.worked(problems["train"]), batch = 4 samples, optimizer { lr = 1e-3 }'
const SFT = `policy = tiny, length = 5 steps, ${TRAINING}`
const EXAM = 'policy = tiny, data = problems["test"], score = answer.correct, max_new = 8 tokens'

/** Fingerprints need no programs to be equal. */
const NOTHING: Lowering = {
  model: () => ({ model: undefined, diagnostics: [] }),
  reward: () => ({ signals: [], terms: [], total: { low: 0, high: 1 }, program: { name: '', nodes: [], outputs: [], bodies: [] }, diagnostics: [] }),
  stage: () => ({ programs: {}, written: {}, estimate: {}, diagnostics: [] }),
}
const HEADER = { compiler: 'test', fallbackName: 'test', variant: undefined }
const withoutLowering = ({ program, elaborated: found }: Outcome) => assemble(program, found, NOTHING, HEADER).diagnostics

/** With the plans of models: what an adapter fits shows there. */
const withModels = ({ program, elaborated: found }: Outcome) =>
  assemble(program, found, { ...NOTHING, model: (kind, attributes, span) => lowerModel(kind, attributes, span, () => undefined) }, HEADER).diagnostics

const withSignals = ({ program, elaborated: found }: Outcome) =>
  testRewards(program, found, async () => (call, args) => {
    if (call === 'std/signals.tagged') return /<answer> (.*) <\/answer>/.exec((args['text'] as { text: string }).text)?.[1] ?? null
    if (call === 'std/signals.exact') return Number(args['a'] === args['b'])
    throw new Error('broken pipe')
  })

const cases: readonly Case[] = [
  {
    code: 'RLP5001', name: 'two stages',
    source: `stage merged: Sft { policy = ⟦polish.policy⟧, length = 5 steps, ${TRAINING} }
      stage polish: Sft { policy = merged.policy, length = 5 steps, ${TRAINING} }`,
    says: ['wait for each other', 'merged needs polish', 'merged -> polish -> merged'],
  },
  {
    code: 'RLP5001', name: 'an instance that waits for itself',
    source: `stage improve: Sft for round in 1..2 { policy = ⟦improve[round].policy⟧, length = 5 steps, ${TRAINING} }`,
    says: ['`improve[1]` waits for itself', 'earlier instance'],
  },
  {
    code: 'RLP5001', name: 'through a dataset',
    source: `dataset found: Dataset[Example] { source = ⟦tries.rollouts⟧ }
      stage tries: Generate { policy = tiny, prompts = found, max_new = 8 tokens }`,
    says: ['found -> tries -> found'],
  },
  { code: 'RLP5002', name: 'repeated keys', source: `stage s: Sft for seed in ⟦[0, 0]⟧ { ${SFT} }`, says: ['repeat 0', 'once'] },
  { code: 'RLP5002', name: 'no keys', source: `param seeds: Set[Int] = [0]\nstage s: Sft for seed in seeds { ${SFT} }`, set: { seeds: '[]' }, commandLine: '[]', says: ['makes no instance'] },
  { code: 'RLP5002', name: 'keys that are no keys', source: `stage s: Sft for seed in ⟦[0.5]⟧ { ${SFT} }`, says: ['neither a text nor an integer'] },
  { code: 'RLP5002', name: 'keys from the run', source: `stage e: Evaluate { ${EXAM} }\nstage s: Sft for k in ⟦e.accuracy⟧ { ${SFT} }`, says: ['list of texts or integers', 'known before anything runs'] },
  { code: 'RLP5002', name: 'a range upside down', source: `stage s: Sft for k in ⟦4..1⟧ { ${SFT} }`, says: ['integer ends'] },
  { code: 'RLP5002', name: 'more keys than anybody runs', source: `stage s: Sft for k in ⟦1..10001⟧ { ${SFT} }`, says: ['10001 keys', 'may be 10000'] },
  { code: 'RLP5003', name: 'a key that is not there', source: `stage s: Evaluate { policy = tiny, data = ⟦problems["tset"]⟧, score = answer.correct, max_new = 8 tokens }`, says: ['no instance', 'did you mean "test"', '"train", "test"'] },
  { code: 'RLP5003', name: 'a stage that was left out', source: `const absent = if 1 > 2 then [0] else []\nstage s: Sft for k in absent { ${SFT} }\nstage t: Sft { policy = ⟦s[0]⟧.policy, length = 5 steps, ${TRAINING} }`, says: ['no instances here', 'set of its keys is empty'] },
  { code: 'RLP5003', name: 'a round before the first', source: `stage improve: Sft for round in 1..2 { policy = ⟦improve[round - 1].policy⟧, length = 5 steps, ${TRAINING} }`.replace('⟦improve[round - 1].policy⟧', '⟦improve[round - 1]⟧.policy'), says: ['`improve[0]`', 'one of 1, 2'] },
  { code: 'RLP5003', name: 'keys forgotten', source: `stage s: Evaluate { policy = tiny, data = ⟦problems⟧, score = answer.correct, max_new = 8 tokens }`, says: ['has 0 keys, not 1', 'problems[split]'] },
  { code: 'RLP5003', name: 'an item that is not there', source: `const sizes = [1, 2]\nstage s: Sft { policy = tiny, length = 5 steps, seed = sizes[⟦2⟧], ${TRAINING} }`, says: ['no entry 2', '2 entries'] },
  { code: 'RLP5004', name: 'a stage for nothing', source: `stage ⟦lost⟧: Sft { ${SFT} }\nstage kept: Sft { ${SFT} }\npipeline p { outputs = { policy = kept.policy } }`, says: ['`lost` feeds nothing', 'outputs'] },
  { code: 'RLP5005', name: 'out of range with a key', source: `stage s: Evaluate for p in [1, 2] { policy = tiny, data = problems["test"], score = answer.correct, max_new = 8 tokens, top_p = ⟦p / 1⟧ }`, says: ['`top_p`', '2 is outside 0..1', 'in `s[2]`'] },
  { code: 'RLP5006', name: 'a length that the run decides', source: `stage e: Evaluate { ${EXAM} }\nstage s: Sft { policy = tiny, length = ⟦e.accuracy * 100 steps⟧, ${TRAINING} }`, says: ['`length` must be known', 'keep'] },
  { code: 'RLP5006', name: 'a key that the run decides', source: `stage e: Evaluate { ${EXAM} }\nstage s: Evaluate { policy = tiny, data = problems[⟦e.accuracy⟧], score = answer.correct, max_new = 8 tokens }`, says: ['key of an instance'] },
  { code: 'RLP5007', name: 'constants in a circle', source: `const a = b + 1\nconst b = ⟦a⟧\nstage s: Sft { policy = tiny, length = 5 steps, seed = a, ${TRAINING} }`, says: ['defined by itself'] },
  { code: 'RLP5008', name: 'a seed that nothing reads', source: `stage ⟦s⟧: Sft for seed in [0, 1] { ${SFT} }`, after: withoutLowering, says: ['are the same', '`seed` changes nothing', 'seed = seed'] },
  { code: 'RLP5009', name: 'maps with different keys', source: `stage a: Evaluate for k in [0, 1] { ${EXAM}, seed = k }\nstage b: Evaluate for k in [1, 2] { ${EXAM}, seed = k }\nclaim c { require = ⟦a[*].accuracy > b[*].accuracy⟧ }`, says: ['different keys', '0, 1', '1, 2'] },
  { code: 'RLP5010', name: 'division by nothing', source: `param n: Int = 0\nstage s: Sft { policy = tiny, length = 5 steps, seed = ⟦4 / n⟧, ${TRAINING} }`, says: ['`4 / 0`', 'finite'] },
  { code: 'RLP5011', name: 'a third of a step', source: `stage s: Sft { policy = tiny, length = ⟦10 steps / 3⟧, ${TRAINING} }`, says: ['3.33', '3 steps or 4 steps'] },
  {
    code: 'RLP5012', name: 'one file under two names',
    source: `dataset learned: Dataset[Example] { source = jsonl("./rows.jsonl") }
      dataset asked: Dataset[chains.Chain] { source = jsonl("rows.jsonl") }
      stage s: Sft { policy = tiny, data = learned, length = 5 steps, batch = 4 samples, optimizer { lr = 1e-3 } }
      stage e: Evaluate { policy = s.policy, data = ⟦asked⟧, score = answer.correct, max_new = 8 tokens }
      claim c { require = e.accuracy > 50% }`,
    says: ['measures on data that its policy was trained on'],
  },
  {
    code: 'RLP5012', name: 'training rows, through a stage and a dataset',
    source: `dataset lessons: Dataset[Example] = chains.worked(problems["test"])
      stage s: Sft { policy = tiny, length = 5 steps, data = mixture([share(50%, lessons), share(50%, chains.worked(problems["train"]))]), batch = 4 samples, optimizer { lr = 1e-3 } }
      stage e: Evaluate { policy = s.policy, data = ⟦subset(problems["test"], 10 samples)⟧, score = answer.correct, max_new = 8 tokens }
      claim c { require = e.accuracy > 50% }`,
    says: ['trained on', '`problems["test"]`'],
  },
  { code: 'RLP5013', name: 'more than all', source: `stage e: Evaluate for k in [0, 1] { ${EXAM}, seed = k }\nclaim ⟦c⟧ { require = e[*].accuracy > 50%, at_least = 3 }`, says: ['never hold', '3 of 2'] },
  { code: 'RLP5013', name: 'a share as a number of percent', source: `stage e: Evaluate { ${EXAM} }\nclaim ⟦c⟧ { require = e.accuracy >= 80 }`, says: ['80', '0..1', 'write `80%`'] },
  { code: 'RLP5013', name: 'more than all', source: `stage e: Evaluate { ${EXAM} }\nclaim ⟦c⟧ { require = e.accuracy > 1 }`, says: ['never above 1'] },
  { code: 'RLP5014', name: 'arms of different lengths', source: `stage s: Sft for k in [5, 6] { policy = tiny, length = k * 1 step, ${TRAINING} }\nclaim c: EqualBudget { arms = ⟦s[*]⟧ }`, says: ['different budgets', '5 steps in `s[5]`, 6 in `s[6]`'] },
  { code: 'RLP5014', name: 'epochs of data of different sizes', source: `stage s: Sft for k in [40, 80] { policy = tiny, length = 2 epochs, data = subset(chains.worked(problems["train"]), k * 1 sample), batch = 4 samples, optimizer { lr = 1e-3 } }\nclaim c: EqualBudget { arms = ⟦s[*]⟧, measure = "samples" }`, says: ['80 samples in `s[40]`, 160 in `s[80]`'] },
  { code: 'RLP5014', name: 'a budget that the run decides', source: `stage s: Sft for k in [0, 1] { policy = tiny, length = 2 epochs, seed = k, ${TRAINING} }\nclaim c: EqualBudget { arms = ⟦[s[0], s[1]]⟧ }`, says: ['not known before the run', '`s[0]`', 'take'] },
  { code: 'RLP5014', name: 'a stage that trains nothing', source: `stage e: Evaluate { ${EXAM} }\nclaim c: EqualBudget { arms = ⟦[e]⟧ }`, says: ['compare training stages'] },
  { code: 'RLP5015', name: 'a gate before a model', source: `stage s: Sft { ${SFT} }\nclaim c: Gate { require = s.loss < 1, before = ⟦tiny⟧ }`, says: ['stages wait for a gate'] },
  { code: 'RLP5014', name: 'tokens of rows of different lengths', source: `stage s: Sft { ${SFT} }\nclaim c: EqualBudget { arms = ⟦[s]⟧, measure = "tokens" }`, says: ['tokens that are not known', 'only `Pretrain`'] },
  {
    code: 'RLP6010', name: 'a wrong expectation',
    source: `test answer { "<answer> 7 </answer>" with { answer = "8" } gives { correct = ⟦1⟧ } }`, after: withSignals,
    says: ['`correct` is 0', 'says 1', 'total = 0'],
  },
  {
    code: 'RLP6010', name: 'several numbers of one case',
    source: `test answer { "<answer> 7 </answer>" with { answer = "8" } gives { correct = ⟦1⟧, total = 1 } }`, after: withSignals,
    says: ['`correct` is 0, and the test says 1; 1 more', '`total` is 0, expected 1'],
  },
  {
    code: 'RLP6010', name: 'a signal that fails',
    source: `import_later\nreward long: Reward[chains.Chain] { term size = well_formed(completion, ["a"])\n total = size }\ntest long { ⟦"x"⟧ gives { size = 1 } }`.replace('import_later\n', ''), after: withSignals,
    says: ['`size`', 'broken pipe', 'on_error'],
  },
  { code: 'RLP5016', name: 'an adapter on an adapter', source: `stage a: Lora { policy = tiny, rank = 2 }\nstage s: Lora { policy = ⟦a.policy⟧, rank = 4 }`, after: withModels, says: ['has an adapter already', 'MergeLora'] },
  { code: 'RLP5016', name: 'nothing to merge', source: `stage s: MergeLora { policy = ⟦tiny⟧ }`, after: withModels, says: ['no adapter to merge', 'Lora'] },
  { code: 'RLP5016', name: 'a matrix that is not there', source: `stage s: Lora { policy = tiny, rank = 2, targets = ⟦["q_proj", "wq"]⟧ }`, after: withModels, says: ['`wq`', 'q_proj, k_proj', 'choose among'] },
  { code: 'RLP5016', name: 'only once, what is merged behind it', source: `stage s: Lora { policy = tiny, rank = 2, targets = ⟦["wq"]⟧ }\nstage t: MergeLora { policy = s.policy }`, after: withModels, says: ['`wq`'] },
  { code: 'RLP5017', name: 'tags that are no tokens', source: `stage s: IsolatePaths { policy = ⟦tiny⟧ }`, after: withModels, says: ['`<Parallel>`', 'no tokens', 'vocabulary'] },
  { code: 'RLP5018', name: 'an agent elsewhere', source: `stage a: OfflineRl { data = point.episodes(), environment = point.point, length = 5 steps }\nstage b: Collect { agent = ⟦a.agent⟧, environment = { id = "maze", scale = 1, shift = 0 }, length = 5 transitions }`, after: withModels, says: ['`maze` here', 'made for `rlpc/point`', 'the same `environment`'] },
  { code: 'RLP5019', name: 'a reference with other words', source: `model alien: Transformer { layers = 1, width = 8, heads = 2, mlp = 16, context = 64 tokens, vocabulary = ["a", "z"] }
stage s: Grpo { policy = tiny, prompts = problems["train"], reward = answer, length = 5 steps, reference = ⟦alien⟧, rollout { per_step = 2 prompts, max_new = 8 tokens }, optimizer { lr = 1e-3 } }`, after: withModels, says: ['`alien` does not fit the policy of `s`', 'token 3 is `a`', 'the same `vocabulary`'] },
  { code: 'RLP5019', name: 'a merge of other forms', source: `stage s: Merge { policy = tiny, policies = ⟦[wide]⟧ }
model wide: Transformer { layers = 1, width = 16, heads = 2, mlp = 8, context = 48 tokens, vocabulary = chains.words }`, after: withModels, says: ['`wide` does not fit', 'embed_tokens', '16]'] },
  { code: 'RLP5019', name: 'a critic of another form', source: `model wide: Transformer { layers = 1, width = 16, heads = 2, mlp = 16, context = 64 tokens, vocabulary = chains.words }\nstage s: Ppo { policy = tiny, critic = ⟦wide⟧, prompts = problems["train"], reward = answer, length = 5 steps, rollout { per_step = 2 prompts, max_new = 8 tokens }, optimizer { lr = 1e-3 }, critic_optimizer { lr = 1e-3 } }`, after: withModels, says: ['`wide` does not fit', 'embed_tokens', 'the same form'] },
  { code: 'RLP5019', name: 'a merge of nothing', source: `stage s: Merge { policy = tiny, policies = ⟦[]⟧ }`, after: withModels, says: ['nothing to merge', 'at least one'] },
  { code: 'RLP5020', name: 'a group that is never closed', source: `reward shaped: Reward[chains.Chain] { term a = matches(completion, ⟦"("⟧)\n total = a }`, says: ['`pattern`', 'unterminated group', 'read as "("'] },
  { code: 'RLP5020', name: 'a pattern by a constant and a name', source: `const word = "[z-a]"\nreward shaped: Reward[chains.Chain] { term a = share_of_words(completion, pattern = ⟦word⟧)\n total = a }`, says: ['range out of order'] },
  { code: 'RLP7001', name: 'a parameter that is not there', source: 'param width: Int = 8', set: { widht: '4' }, commandLine: 'widht', says: ['did you mean `width`'] },
  { code: 'RLP7002', name: 'a value that does not parse', source: 'param width: Int = 8', set: { width: '4 +' }, commandLine: '', says: ['--set width=4 +', 'Int'] },
  { code: 'RLP7003', name: 'no value', source: `param ⟦width⟧: Int\nstage s: Sft { policy = tiny, length = 5 steps, seed = width, ${TRAINING} }`, says: ['--set width='] },
  { code: 'RLP7004', name: 'a secret handed out', source: 'secret token from env("TOKEN")\npipeline p { outputs = ⟦{ token = token }⟧ }', says: ['secret', 'Secret'] },
  { code: 'RLP7007', name: 'a variant that is not there', source: `variant mini { set { s.length = 2 steps } }\nstage s: Sft { ${SFT} }`, variant: 'mni', commandLine: 'mni', says: ['did you mean `mini`'] },
]

/** What few cases import. */
const importing = (common: string, source: string): string => {
  const line = source.includes('Lora') ? 'import { Lora, MergeLora } from "std/adapters"' : source.includes('IsolatePaths') ? 'import { IsolatePaths } from "std/attention"' : source.includes(': Ppo {') ? 'import { Ppo } from "std/ppo"' : source.includes(': Merge {') ? 'import { Merge } from "std/merging"' : source.includes('OfflineRl') ? 'import { Collect, OfflineRl, OnlineRl } from "std/offline"\nimport * as point from "std/tasks/point"' : /matches\(|share_of_words/.test(source) ? 'import { matches, share_of_words } from "std/signals"' : undefined
  return line === undefined ? common : common.replace('rlp 1\n', `rlp 1\n${line}\n`)
}

/** The `rlp` blocks of a code's page: one with the mistake and one without. Mistakes on the command line have none. */
function examples(code: Code): readonly string[] {
  const text = readFileSync(new URL(`../../../spec/errors/${code}.md`, import.meta.url), 'utf8')
  return [...text.matchAll(/```rlp\n(.*?)```/gs)].map((match) => match[1] as string)
}

async function found(one: Case, source: string): Promise<readonly Diagnostic[]> {
  const outcome = elaborated(source, one)
  return [...outcome.diagnostics, ...(one.after ? await one.after(outcome) : [])]
}

suite('elaborate: codes', (test) => {
  for (const one of cases) {
    test(`${one.code} ${one.name}`, async () => {
      const imports = importing(one.source.includes('well_formed') ? COMMON.replace('exact, tagged', 'exact, tagged, well_formed') : COMMON, one.source)
      const marked = `${imports}${one.source}\n`
      const [start, end] = [marked.indexOf('⟦'), marked.indexOf('⟧') - 1]
      const diagnostics = await found(one, marked.replace(/[⟦⟧]/g, ''))
      is(diagnostics.map(({ code }) => code).join(' '), one.code)
      const [complaint] = diagnostics as [Diagnostic]
      const { span } = complaint.primary
      if (start < 0) is(span.file.path, 'command line')
      else is(span.file.text.slice(span.start, span.end), marked.slice(start + 1, end + 1))
      if (one.commandLine) is(`${span.file.line(1)}`.slice(span.start, span.end), one.commandLine)
      if (start >= 0) is(span.start, start)
      const text = [complaint.title, complaint.primary.text, ...complaint.related.map((label) => label.text), ...complaint.notes, complaint.help ?? ''].join('\n')
      for (const words of one.says) ok(text.includes(words), `${JSON.stringify(words)} is not in:\n${text}`)
      ok(complaint.help !== undefined, 'says what to do')
      ok(complaint.title.length <= 80 && !complaint.title.endsWith('.'), complaint.title)
    })
  }

  for (const code of Object.keys(codes) as Code[]) {
    const [bad, good] = examples(code)
    if (bad === undefined || good === undefined) continue
    test(`the page of ${code}: the example has the mistake, the fixed one has none`, async () => {
      const { after } = cases.find((one) => one.code === code) as Case
      const codesOf = async (source: string) => (await found({ code, name: '', source, says: [], ...(after ? { after } : {}) }, `${importing(COMMON, source)}${source}`)).map((one) => one.code).join(' ')
      is(await codesOf(bad), code)
      is(await codesOf(good), '')
    })
  }

  test('every code has a case, a page with all headings, and the severity of the table', () => {
    for (const [code, entry] of Object.entries(codes)) {
      ok(cases.some((one) => one.code === code), `${code} has no case`)
      const page = new URL(`../../../spec/errors/${code}.md`, import.meta.url)
      ok(existsSync(page), `${code} has no page`)
      const text = readFileSync(page, 'utf8')
      ok(text.startsWith(`# ${code}`) && text.includes(entry.slug), `the page of ${code} has its name`)
      for (const heading of ['## What it means', '## Example', '## Why the rule exists', '## How to fix']) ok(text.includes(heading), `the page of ${code} has ${heading}`)
    }
  })
})
