// The quickstart with one mistake at a time, as a newcomer makes it, and with all of them at once:
// each is reported at its place with its code and something to do, and the offered fix mends it.

import { readFileSync } from 'node:fs'
import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import { applyFixes } from '../../grammar/diagnostics/apply-fixes.js'
import { renderDiagnostic } from '../../grammar/diagnostics/render.js'
import { is, ok, suite } from '../../spec/test/suite.js'
import { library, unmarked, words } from '../check/test/harness.js'
import { checkOnly } from '../compile.js'
import { memoryHost } from '../resolve/host.js'

interface Mistake {
  readonly name: string
  readonly code: string
  /** The first match is replaced by `put`, in which `⟦…⟧` marks the place of the complaint. */
  readonly find: string | RegExp
  readonly put: string
  readonly says: string
  /** Whether a fix is offered (else the help says what to do). */
  readonly fix: boolean
  /** Breaks the reading of what follows, so it is not part of the collection. */
  readonly alone?: true
}

const mistakes: readonly Mistake[] = [
  { name: 'an unknown attribute', code: 'RLP2006', find: /^( {2})heads = 4$/m, put: '$1heads = 4\n  ⟦dropout⟧ = 0.1', says: 'no attribute `dropout`', fix: false },
  { name: 'the learning rate as TRL has it', code: 'RLP2006', find: 'lr = linear(', put: '⟦learning_rate⟧ = linear(', says: 'did you mean `lr`', fix: true },
  { name: 'the group size as TRL has it', code: 'RLP2006', find: 'group_size = 8 rollouts', put: '⟦num_generations⟧ = 8', says: 'group_size = 8 rollouts', fix: true },
  { name: 'the response length as verl has it', code: 'RLP2006', find: /, max_new = (\d+) tokens \}/, put: ', ⟦max_response_length⟧ = $1 tokens }', says: 'did you mean `max_new`', fix: true },
  { name: 'tokens for steps', code: 'RLP4001', find: /stage warm: Sft([^}]*?)length = (\d+) steps/, put: 'stage warm: Sft$1length = ⟦$2 tokens⟧', says: 'counts steps or epochs', fix: true },
  { name: 'a missing unit', code: 'RLP4002', find: /batch = 32 samples/, put: 'batch = ⟦32⟧', says: '`32 samples`', fix: true },
  { name: 'a reward for other rows', code: 'RLP3011', find: 'reward answer: Reward[knights.Puzzle] {', put: 'reward answer: Reward[{ prompt: Text, answer: Text, grade: Int }] {', says: 'missing: `grade: Int`', fix: false, alone: true },
  { name: 'no reference policy', code: 'RLP6004', find: 'loss = policy_gradient', put: 'loss = ⟦policy_gradient_with_kl⟧', says: 'reads `ref_logp`', fix: true, alone: true },
  { name: 'stages that wait for each other', code: 'RLP5001', find: 'policy = base[seed].policy', put: 'policy = practice["warm", seed].policy', says: 'wait for each other', fix: false, alone: true },
  { name: 'a brace that is not closed', code: 'RLP0006', find: /model tiny: Transformer for seed in seeds \{([^}]*)\}/, put: 'model tiny: Transformer for seed in seeds ⟦{⟧$1', says: 'never closed', fix: true, alone: true },
  { name: 'a misspelt stage', code: 'RLP2001', find: 'policy = practice[arm, seed].policy', put: 'policy = ⟦pratice⟧[arm, seed].policy', says: 'did you mean `practice`', fix: true },
  { name: 'a missing attribute', code: 'RLP3002', find: /stage before: Evaluate([^}]*?) {2}max_new = \d+ tokens\n/, put: 'stage ⟦before⟧: Evaluate$1', says: 'needs `max_new`', fix: true },
  { name: 'a misspelt kind', code: 'RLP2011', find: 'stage base: Sft', put: 'stage base: ⟦Stf⟧', says: 'did you mean `Sft`', fix: true, alone: true },
  { name: 'a text that is none of the legal ones', code: 'RLP3005', find: 'dataset S: Dataset[knights.Puzzle] for split in ["train", "test"]', put: 'dataset S: Dataset[knights.Puzzle] for split in ["train", "tset"]', says: '"train", "test"', fix: false, alone: true },
  { name: 'a comparison that never holds', code: 'RLP3005', find: 'if puzzles == "S"', put: 'if puzzles == ⟦"s"⟧', says: 'did you mean "S"', fix: true },
  { name: 'a misspelt term', code: 'RLP2001', find: '0.1 * shaped', put: '0.1 * ⟦shapd⟧', says: 'did you mean `shaped`', fix: true },
  { name: 'a colon for a value', code: 'RLP1003', find: 'rotary_base = 100', put: 'rotary_base⟦:⟧ 100', says: '`=` gives a value', fix: true },
  { name: 'a token where a rollout is wanted', code: 'RLP4102', find: /$/, put: '\nfn per_word(logp: Real per token, advantage: Real per rollout): Real per rollout = ⟦-advantage * logp⟧\n', says: 'over = rollout', fix: true },
  { name: 'a deviation over the wrong level', code: 'RLP4101', find: /$/, put: '\nfn scaled(reward: Real per rollout): Real per rollout = reward / std(reward, over = ⟦token⟧)\n', says: '`group` or `batch`', fix: true },
  { name: 'no key', code: 'RLP3013', find: 'policy = tiny[seed]', put: 'policy = ⟦tiny⟧', says: 'one instance for each `seed`', fix: true },
  { name: 'a name twice', code: 'RLP2002', find: 'const novel =', put: 'const novel = [">"]\nconst ⟦novel⟧ =', says: 'declared twice', fix: false },
  { name: 'a name that the module does not have', code: 'RLP2004', find: 'import { group_centred }', put: 'import { ⟦group_centered⟧ }', says: 'did you mean `group_centred`', fix: true, alone: true },
  { name: 'a unit that is not there', code: 'RLP4003', find: /length = 80 steps/, put: 'length = 40 ⟦stpes⟧', says: 'did you mean `steps`', fix: true },
  { name: 'a field that the rows do not have', code: 'RLP3007', find: '"answer"), row.answer)', put: '"answer"), row.⟦solution⟧)', says: '`prompt`, `answer`', fix: false },
]

const original = readFileSync(new URL('../../examples/quickstart/main.rlp', import.meta.url), 'utf8')

async function found(text: string): Promise<readonly Diagnostic[]> {
  return (await checkOnly({ entry: 'main.rlp', host: memoryHost({ 'main.rlp': text }, library), parameters: [] })).diagnostics
}

function broken(text: string, { find, put, name }: Mistake): string {
  const marked = text.replace(find, put)
  ok(marked !== text, `the quickstart has no place for: ${name}`)
  return marked
}

/** What a mistake needs beside it to be the only one. */
function prepared({ code, name }: Mistake): string {
  if (code === 'RLP6004') return original.replace('import { policy_gradient }', 'import { clipped_with_kl, policy_gradient }').concat('\nfn policy_gradient_with_kl(logp: Real per token, ref_logp: Real per token, advantage: Real per rollout): Real per token =\n  policy_gradient(logp, advantage) + clipped_with_kl(logp, logp, ref_logp, advantage, kl = 0.1)\n')
  return name === 'a name that the module does not have' ? original.replaceAll('group_centred', 'group_centered').replace('import { group_centered }', 'import { group_centred }') : original
}

suite('broken quickstart', (test) => {
  test('as it is, it has no mistake', async () => is((await found(original)).map(words).join('\n\n'), ''))

  for (const mistake of mistakes) {
    test(`${mistake.code} ${mistake.name}`, async () => {
      const { text, places } = unmarked(broken(prepared(mistake), mistake))
      const diagnostics = (await found(text)).filter(({ severity }) => severity === 'error')
      is([...new Set(diagnostics.map(({ code }) => code))].join(' '), mistake.code, diagnostics.map(words).join('\n\n'))
      const [complaint] = diagnostics as [Diagnostic]
      const { span } = complaint.primary
      if (places[0]) is(`${span.start}..${span.end}`, `${places[0].start}..${places[0].end}`)
      ok(words(complaint).includes(mistake.says), words(complaint))
      ok(complaint.help !== undefined, 'says what to do')
      is(complaint.fixes.length > 0, mistake.fix, words(complaint))
      const rendered = renderDiagnostic(complaint, { colour: false, width: 100 })
      ok(rendered.includes(mistake.code) && !/undefined|\bat .*\.ts:/.test(rendered), rendered)
      const [fix] = complaint.fixes
      const mended = fix && applyFixes([fix]).texts.get(span.file)
      if (mended !== undefined) ok(!(await found(mended)).some(({ code }) => code === mistake.code), `the fix leaves it:\n${mended}`)
    })
  }

  test('all at once: every independent mistake is reported, each once', async () => {
    const together = mistakes.filter(({ alone }) => !alone)
    let marked = original
    for (const mistake of together) marked = broken(marked, mistake)
    const { text, places } = unmarked(marked)
    const diagnostics = (await found(text)).filter(({ severity }) => severity === 'error')
    const lines = diagnostics.map(({ code, primary: { span } }) => `${code} ${span.start}..${span.end}`)
    is(new Set(lines).size, lines.length)
    is(places.filter(({ start, end }) => !lines.some((line) => line.endsWith(` ${start}..${end}`))).map(({ start, end }) => text.slice(start, end)).join(', '), '')
    is(diagnostics.filter(({ primary: { span } }) => !places.some(({ start, end }) => start === span.start && end === span.end)).map(words).join('\n\n'), '')
  })
})
