// `npm run bench:stages`: what a plan of 10,000 stages costs when all of them are stored: deciding what to run, and running it.
// The store is filled without synchronising, which is not what is measured.

import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { contentHash } from '../../spec/plan/canonical.js'
import type { Plan, StagePlan } from '../../spec/plan/plan.js'
import { reference } from '../executors/reference/reference.js'
import { intentions } from '../scheduler/intentions.js'
import { runPlan } from '../scheduler/run.js'
import { manifestText, readManifest } from '../store/manifest.js'
import { Store } from '../store/store.js'

/** Chains of ten filters each. */
export function chainsOfTen(count: number): Plan {
  const stages = Array.from({ length: count }, (_, i): StagePlan => {
    const needs = i % 10 === 0 ? [] : [`s${i - 1}`]
    return {
      address: `s${i}`, name: `s${i}`, keys: {}, kind: 'Filter', engine: 'native', attributes: { keep: true, per_prompt: null, at_least: { value: 1, unit: 'samples' } }, written: [],
      inputs: { data: needs[0] === undefined ? [{ record: { prompt: 'a' } }] : { stage: needs[0], output: 'data' } }, programs: {}, seed: i, needs, estimate: {}, fingerprint: contentHash(i),
    }
  })
  return { format: 1, edition: 1, compiler: 'bench', name: 'many', variant: null, parameters: [], models: {}, datasets: {}, rewards: {}, curricula: {}, programs: {}, stages, claims: [], outputs: {}, secrets: [] }
}

/** Put a result of every stage into a store, as a run would. */
export function fill(home: string, plan: Plan): void {
  const results = new Map<string, [string, string]>()
  const none = contentHash([])
  for (const { address, fingerprint, needs } of plan.stages) {
    const folder = join(home, 'store', fingerprint)
    mkdirSync(folder, { recursive: true })
    const lines = { 'data.jsonl': '{"prompt":"a"}\n', 'metrics.jsonl': `{"stage":"${address}","step":1}\n`, 'samples.jsonl': '' }
    for (const [name, text] of Object.entries(lines)) writeFileSync(join(folder, name), text)
    const files = { 'data.jsonl': sha(lines['data.jsonl']), 'metrics.jsonl': sha(lines['metrics.jsonl']), 'samples.jsonl': sha('') }
    const from = { stages: Object.fromEntries(needs.map((need) => results.get(need) as [string, string])), files: {}, programs: none }
    const text = manifestText({ fingerprint, kind: 'Filter', madeBy: { stage: address, run: '0000' }, executor: 'reference', from, metrics: { kept: 1 }, outputs: { data: 'data.jsonl' }, files })
    writeFileSync(join(folder, 'manifest.json'), text)
    const read = readManifest(text, fingerprint)
    if ('manifest' in read) results.set(address, [fingerprint, read.manifest.result])
  }
}

export async function manyStages(count = 10_000): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'rlpc-many-'))
  const plan = chainsOfTen(count)
  fill(home, plan)
  const measure = async (what: string, body: () => unknown) => {
    const [start, cpu] = [performance.now(), process.cpuUsage()]
    const found = await body()
    const { user, system } = process.cpuUsage(cpu)
    console.log(`${what.padEnd(24)} ${((performance.now() - start) / 1000).toFixed(2)} s  ${((user + system) / 1e6).toFixed(2)} s of processor time  ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB  ${String(found)}`)
  }
  await measure(`${count} stages: decide`, () => [...intentions(plan, { store: new Store(home), root: home, executor: 'reference' }).values()].filter(({ will }) => will === 'reuse').length)
  // The second run finds what the first has compared.
  for (const which of ['run', 'run again']) await measure(`${count} stages: ${which}`, async () => (await runPlan(plan, { root: home, home, executor: reference })).stages.filter(({ status }) => status === 'reused').length)
  rmSync(home, { recursive: true })
}

function sha(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await manyStages()
