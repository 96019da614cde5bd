// Every recipe of `examples/recipes` checks and plans, at full scale and in its variants; what a plan comes to is kept in `recipes/`, short
// enough to be read. `UPDATE_GOLDEN=1` writes it anew.

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Plan, StagePlan } from '../../spec/plan/plan.js'
import { canonicalJson } from '../../spec/plan/canonical.js'
import { planProblem } from '../../spec/plan/validate.js'
import { is, ok, suite } from '../../spec/test/suite.js'
import { diskHost } from '../cli/disk-host.js'
import { compile } from '../index.js'

const recipes = new URL('../../examples/recipes/', import.meta.url)
const golden = new URL('./recipes/', import.meta.url)

/** One line for the instances of a declaration that are alike. */
function excerpt(plan: Plan): string {
  const groups = new Map<string, StagePlan[]>()
  for (const stage of plan.stages) {
    const { name, kind, engine, estimate, obstacle } = stage
    const key = JSON.stringify([name, kind, engine, estimate.batch, obstacle])
    groups.set(key, [...(groups.get(key) ?? []), stage])
  }
  const lines = [...groups.values()].map((stages) => {
    const { name, kind, engine, estimate, obstacle } = stages[0] as StagePlan
    const lengths = stages.flatMap(({ estimate: { steps: length } }) => (length === undefined ? [] : [length]))
    const [least, most] = [Math.min(...lengths), Math.max(...lengths)]
    const steps = lengths.length === 0 ? '' : `, ${least === most ? most : `${least} to ${most}`} steps`
    return `${name} x ${stages.length}: ${kind} ${engine === null ? `without an engine: ${obstacle}` : `on ${engine}`}${steps}${estimate.batch === undefined ? '' : `, ${estimate.batch}`}`
  })
  const claims = plan.claims.map(({ name, text, checks }) => `claim ${name}: ${text} (${checks.length})`)
  return `${[`${plan.name}: ${plan.stages.length} stages`, ...lines, ...claims].join('\n')}\n`
}

/** Kinds of stages that no engine here runs, whatever the model; what a page declares as `No engine yet: ` and these kinds. */
function kindsWithoutEngine(plan: Plan): string {
  return [...new Set(plan.stages.filter(({ engine }) => engine === null).map(({ kind }) => kind))].toSorted().join()
}

function declaredWithoutEngine(stem: string): string {
  const page = readFileSync(new URL('README.md', recipes), 'utf8').split(/^## /m).find((section) => section.startsWith(`${stem.slice(0, 2)} `))
  const line = /^No engine yet: (.*)$/m.exec(page ?? '')?.[1] ?? ''
  return [...line.matchAll(/`(\w+)`/g)].map(([, kind]) => kind as string).toSorted().join()
}

function compare(name: string, actual: string): void {
  mkdirSync(golden, { recursive: true })
  const file = new URL(name, golden)
  if (process.env['UPDATE_GOLDEN']) writeFileSync(file, actual)
  is(actual, existsSync(file) ? readFileSync(file, 'utf8') : 'no golden file: write it with UPDATE_GOLDEN=1')
}

suite('recipes', (test) => {
  for (const name of readdirSync(recipes).filter((file) => file.endsWith('.rlp'))) {
    const path = fileURLToPath(new URL(name, recipes))
    const source = readFileSync(path, 'utf8')
    const variants = [...source.matchAll(/^variant (\w+)/gm)].map(([, variant]) => variant as string)
    const stem = name.replace(/\.rlp$/, '')

    test(`${stem} has a variant that runs here`, () => ok(variants.includes('mini')))

    for (const variant of [undefined, ...variants]) {
      test(`${stem}, ${variant ?? 'full scale'}`, async () => {
        const { plan, diagnostics } = await compile({ entry: name, host: diskHost(fileURLToPath(recipes)), parameters: [], variant })
        is(diagnostics.map(({ code, title }) => `${code} ${title}`).join('\n'), '')
        if (!plan) throw new Error('no plan and no reason')
        is(planProblem(JSON.parse(canonicalJson(plan))), undefined)
        if (variant === 'mini') is(kindsWithoutEngine(plan), declaredWithoutEngine(stem), 'the page of the recipe says which kinds of its miniature no engine runs')
        compare(`${stem}.${variant ?? 'full'}.txt`, excerpt(plan))
      })
    }
  }
})
