// Every code of names, types and sense: the case table, its fixes, and the pages. A code without a case or a page fails.

import { existsSync, readFileSync } from 'node:fs'
import type { Diagnostic } from '../../../grammar/diagnostics/diagnostic.js'
import { applyFixes } from '../../../grammar/diagnostics/apply-fixes.js'
import { is, ok, suite } from '../../../spec/test/suite.js'
import { codes as nameCodes } from '../../resolve/codes.js'
import { codes as checkCodes } from '../codes.js'
import { cases, type Case } from './cases.js'
import { COMMON, diagnose, GRPO, LR, ROLLOUT, unmarked, words } from './harness.js'

const codes = { ...nameCodes, ...checkCodes }
const UNUSED = ['RLP2009', 'RLP2010']

/** Sources with the markers, and the file that has them. */
function filesOf(one: Case): { readonly marked: string; readonly path: string; readonly main: string; readonly others: Readonly<Record<string, string>> } {
  const main = one.source.startsWith('rlp') ? one.source : COMMON + one.source
  const plain = (text: string) => unmarked(text).text
  const others = Object.fromEntries(Object.entries(one.files ?? {}).map(([path, text]) => [path, plain(text)]))
  const beside = Object.entries(one.files ?? {}).find(([, text]) => text.includes('⟦'))
  return { marked: beside?.[1] ?? main, path: beside?.[0] ?? 'main.rlp', main: plain(main), others }
}

/** Unused names are follow-ups of short cases, unless the case is about them. */
const relevant = (found: readonly Diagnostic[], one: { readonly code: string }) => found.filter(({ code }) => UNUSED.includes(one.code) || !UNUSED.includes(code))

suite('check: codes', (test) => {
  test('the common declarations have no mistake', () => {
    is(relevant(diagnose(COMMON), { code: '' }).map(words).join('\n\n'), '')
  })

  test('a term that only an advantage over all terms reads is read', () => {
    const reward = 'reward r: Reward[chains.Chain] { term a = exact(completion, row.answer), term b = min(1, clock.steps / 10 steps), total = a }'
    const stage = (advantage: string) => `${COMMON}\nfn f(reward: Real per rollout, rewards: Real per objective): Real per rollout = reward * last(rewards, over = rollout)\n${reward}
stage s: Grpo { ${GRPO.replace('reward = answer', 'reward = r')}, advantage = ${advantage}\n ${ROLLOUT}\n ${LR} }`
    is(relevant(diagnose(stage('f')), { code: '' }).map(words).join('\n\n'), '')
    is(relevant(diagnose(stage('group_centred')), { code: '' }).map(({ code }) => code).join(), 'RLP6101')
  })

  for (const one of cases) {
    test(`${one.code} ${one.name}`, () => {
      const { marked, path, main, others } = filesOf(one)
      const { text, places } = unmarked(marked)
      const found = relevant(diagnose(main, others), one)
      is(found.map(({ code, title }) => `${code} ${title}`).join('\n').replace(/ .*/g, ''), one.code, found.map(words).join('\n\n'))
      const [complaint] = found as [Diagnostic]
      const { span } = complaint.primary
      is(span.file.path, path)
      is(text.slice(span.start, span.end), text.slice(places[0]?.start, places[0]?.end))
      is(span.start, places[0]?.start)
      for (const word of one.says) ok(words(complaint).includes(word), `${JSON.stringify(word)} is not in:\n${words(complaint)}`)
      ok(complaint.help !== undefined, 'says what to do')
      ok(complaint.title.length <= 80 && !complaint.title.endsWith('.'), complaint.title)
      ok(one.fixed === undefined || complaint.fixes.length > 0, 'has a fix')
      for (const [i, fix] of complaint.fixes.entries()) {
        const after = applyFixes([fix]).texts.get(span.file) as string
        if (i === 0 && one.fixed !== undefined) ok(after.includes(one.fixed), `${JSON.stringify(one.fixed)} is not in:\n${after}`)
        const left = path === 'main.rlp' ? diagnose(after, others) : []
        ok(!left.some(({ code }) => code === one.code || /^RLP[01]/.test(code)), `fix "${fix.title}" leaves ${left.map(({ code, title }) => `${code} ${title}`).join(', ')} in:\n${after}`)
        if (fix.safe) is(relevant(left, one).filter(({ severity }) => severity === 'error').map(({ title }) => title).join('\n'), '', `after "${fix.title}":\n${after}`)
      }
    })
  }

  for (const code of Object.keys(codes)) {
    test(`${code} has a case, and a page whose examples are true`, () => {
      ok(cases.some((one) => one.code === code), 'no case')
      const url = new URL(`../../../spec/errors/${code}.md`, import.meta.url)
      ok(existsSync(url), 'no page')
      const page = readFileSync(url, 'utf8')
      is(page.split('\n')[0], `# ${code} ${codes[code as keyof typeof codes].slug}`)
      is([...page.matchAll(/^## (.*)$/gm)].map((match) => match[1]).join(', '), 'What it means, Example, Why the rule exists, How to fix')
      const [bad, good] = [...page.matchAll(/```rlp\n(.*?)```/gs)].map((match) => match[1] as string)
      const of = (source = '') => [...new Set(relevant(diagnose(source.startsWith('rlp') ? source : `${COMMON}\n${source}`), { code }).map((one) => one.code))]
      is(of(bad).filter((each) => each !== 'RLP2010' || code === each).join(' '), code)
      is(of(good).filter((each) => each !== 'RLP2010' || code === each).join(' '), '')
    })
  }
})
