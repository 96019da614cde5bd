// Every code of models and lowering (5101 and up) has a case that gives it and a page that explains it.

import { readFileSync } from 'node:fs'
import { equal, ok, suite } from '../../../spec/test/suite.js'
import type { Diagnostic } from '../../../grammar/diagnostics/diagnostic.js'
import type { CompileValue } from '../../elaborate/value.js'
import { folderModel } from '../../model/folder.js'
import { nowhere } from '../../model/test/harness.js'
import { freshModel } from '../../model/transformer.js'
import { modelCodes } from '../../model/codes.js'
import { lowerCodes } from '../codes.js'
import { lowerObjective } from '../objective.js'
import { lowerSchedule } from '../schedule.js'
import { closure, modulesOf, noConstants, number, text } from './harness.js'

const codes = { ...modelCodes, ...lowerCodes }

const modules = modulesOf(`rlp 1
import { matches } from "std/signals"
import * as aggregations from "std/aggregations"
import * as losses from "std/losses"
import * as sft from "std/sft"
fn on_host(logp: Real per token): Real per token = logp * matches("a", "b")
fn unknown(logp: Real per token): Real per token = logp * nothing(1)
fn no_field(logp: Real per token, clip: Range[Real] = 0.1..0.2): Real per token = logp * clip.middle
fn not_called(logp: Real per token): Real per token = logp * losses.k3
fn recursive(logp: Real per token): Real per token = logp * recursive(logp)
fn detached(logp: Real per token): Real per token = stop_gradient(logp)
fn outwards(loss: Real per token): Real = mean(loss, over = rollout)
fn no_level(loss: Real per token): Real = mean(loss, over = pair)
fn reduced_twice(loss: Real per token): Real = mean(mean(loss, over = batch), over = group)
fn unused() = [aggregations.token_mean, sft.nll]
`)
const own = (name: string) => closure(modules.get('main.rlp'), name)
const std = (module: string, name: string, bound: Record<string, CompileValue> = {}) => closure(modules.get(`std/${module}`), name, bound)

function objective(loss: ReturnType<typeof own>, aggregate = std('aggregations', 'token_mean')): readonly Diagnostic[] {
  return lowerObjective({ levels: ['token', 'rollout', 'group', 'batch'], advantage: undefined, loss, aggregate, reference: false }, noConstants).diagnostics
}

const model = (sizes: Record<string, number>): readonly Diagnostic[] =>
  freshModel(new Map(Object.entries({ layers: 1, width: 8, heads: 2, mlp: 8, context: 8, ...sizes }).map(([name, value]) => [name, number(value)])), nowhere).diagnostics

const folder = (config: string | undefined): readonly Diagnostic[] => folderModel(new Map([['path', text('models/qwen')]]), nowhere, (path) => (path.endsWith('/config.json') ? config : undefined)).diagnostics

/** Cases by code; each must give that code alone, at a place that has text. */
const cases: Readonly<Record<keyof typeof codes, readonly (() => readonly Diagnostic[])[]>> = {
  RLP5101: [() => model({ heads: 3 }), () => model({ kv_heads: 3, heads: 4 }), () => model({ width: 10 })],
  RLP5102: [() => objective(own('not_called')), () => lowerSchedule(text('fast'), nowhere, noConstants).diagnostics],
  RLP5103: [() => objective(own('on_host')), () => objective(own('unknown')), () => objective(own('no_field'))],
  RLP5104: [() => objective(std('sft', 'nll'), own('outwards')), () => objective(std('sft', 'nll'), own('no_level')), () => objective(std('sft', 'nll'), own('reduced_twice'))],
  RLP5105: [() => objective(std('losses', 'clipped_with_kl'))],
  RLP5106: [() => objective(std('losses', 'k3'))],
  RLP5107: [() => objective(own('recursive'))],
  RLP5108: [() => objective(own('detached'))],
  RLP5109: [() => folder(undefined), () => folder('{')],
  RLP5110: [() => folder('{"model_type": "mixtral"}')],
}

suite('codes of lowering', (test) => {
  for (const [code, { slug }] of Object.entries(codes)) {
    test(`${code} ${slug}: found once, with a title that fits on a line`, () => {
      for (const run of cases[code as keyof typeof codes]) {
        const found = run()
        equal(found.map((diagnostic) => diagnostic.code), [code])
        for (const { title } of found) ok(title.length <= 80 && !title.endsWith('.'), title)
      }
    })

    test(`${code} ${slug}: has a page with the four headings`, () => {
      const page = readFileSync(new URL(`../../../spec/errors/${code}.md`, import.meta.url), 'utf8')
      ok(page.startsWith(`# ${code} ${slug}\n`))
      equal([...page.matchAll(/^## (.*)$/gm)].map((match) => match[1]), ['What it means', 'Example', 'Why the rule exists', 'How to fix'])
    })
  }
})
