// `rlpc why exam.accuracy`: where a number or a policy comes from, link by link: the stage that made it, the source lines that say so,
// the settings, the hashes of data and models, and the versions; back to what was there from the start.

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { suggest } from '../../grammar/diagnostics/suggest.js'
import type { Manifest, PastRun } from '../../runtime/index.js'
import { parametersOf } from '../../spec/plan/engines.js'
import { measuredBy } from '../../spec/plan/measured.js'
import type { ClaimPlan, Plan, StagePlan, Value } from '../../spec/plan/plan.js'
import type { Drafts } from '../elaborate/dependencies.js'
import { compile } from '../index.js'
import { placeText } from '../plan/formula.js'
import { metric, showValue } from '../plan/notation.js'
import { attribute } from '../plan/show.js'
import { diskHost } from './disk-host.js'
import { findEntry } from './entry.js'
import { EXIT } from './exit.js'
import { UsageError, type Arguments } from './options.js'
import { systemError } from './system-error.js'
import { unmade, verdict } from './why-not.js'

export async function run(args: Arguments): Promise<number> {
  const [asked] = args.positionals
  if (asked === undefined) throw new UsageError('why what?', 'a metric, a stage, a claim or a gate of the last run: `rlpc why exam.accuracy`, `rlpc why practice`, or the beginning of a fingerprint')
  const runtime = await import('../../runtime/index.js')
  const { cameTo, readRun, runIds, Store } = runtime
  const home = resolve('.rlp')
  const ids = runIds(home).reverse()
  if (ids.length === 0) throw new UsageError('nothing has run here', 'start a run with `rlpc run`')
  const store = new Store(home)
  let latest: PastRun | undefined
  for (const id of ids) {
    const past = readable(() => readRun(home, id))
    if (!past) continue
    latest ??= past
    const claim = past.plan.claims.find(({ name }) => name === asked)
    const found = claim ? measured(past.plan, claim) : chosen(past.plan, asked)
    if (!found) continue
    const came = cameTo(home, id)
    const manifestOf = ({ fingerprint }: StagePlan): Manifest | undefined => {
      const stored = store.manifest(fingerprint)
      return stored && 'manifest' in stored ? stored.manifest : undefined
    }
    const absent = ({ address }: StagePlan): string | undefined => {
      const ended = came.stages.get(address)
      return ended && unmade(ended, came.claims, id)
    }
    const head = claim ? `${verdict(runtime, claim, came.claims.get(claim.name), past)}\n` : ''
    process.stdout.write(`${head}${found.map((one) => chain(one, past, manifestOf, absent)).join('\n')}\n${await origin(past, found.map(({ stage }) => stage))}`)
    return EXIT.done
  }
  const names = latest ? [...latest.plan.stages.flatMap(({ name, address }) => [name, address]), ...latest.plan.claims.map(({ name }) => name)] : []
  const near = suggest(asked.replace(/\.\w+$/, ''), [...new Set(names)])
  throw new UsageError(`no run has \`${asked}\``, near === undefined ? latest ? `the stages of run ${latest.id} are ${[...new Set(names)].slice(0, 6).join(', ')}` : 'no run here can be read: run the spec again' : `did you mean \`${near}\`?`)
}

/** A run whose files are damaged is told of, and an earlier one asked. Other errors go on. */
function readable(read: () => PastRun): PastRun | undefined {
  try {
    return read()
  } catch (cause) {
    const told = systemError(cause)
    if (told === undefined) throw cause
    process.stderr.write(`${told}\n`)
    return undefined
  }
}

interface Asked {
  readonly stage: StagePlan
  /** Name of a metric, or of another output. */
  readonly metric: string | undefined
}

/**
 * What a name means in a plan: an address, a name (all its instances), `sft@seed0` or `sft@0` (instances by their keys), the beginning
 * of a fingerprint; each with `.metric` or without.
 */
export function chosen({ stages }: Plan, asked: string): readonly Asked[] | undefined {
  const byText = (text: string): readonly StagePlan[] => {
    const [name, keys] = text.split('@') as [string, string | undefined]
    const wanted = keys?.split(',').map((key) => key.replace('=', ''))
    const fits = ({ keys: own }: StagePlan) => wanted?.every((each) => Object.entries(own).some(([key, value]) => each === String(value) || each === `${key}${value}`)) ?? true
    const named = stages.filter((stage) => stage.address === text || (stage.name === name && fits(stage)))
    if (named.length > 0) return named
    return /^[0-9a-f]{6,64}$/.test(text) ? stages.filter(({ fingerprint }) => fingerprint.startsWith(text)) : []
  }
  const whole = byText(asked)
  if (whole.length > 0) return whole.map((stage) => ({ stage, metric: undefined }))
  // From the right: addresses may have dots in their keys, and metrics have them too (`terms.correct`).
  for (let dot = asked.indexOf('.', asked.lastIndexOf(']') + 1); dot > 0; dot = asked.indexOf('.', dot + 1)) {
    const found = byText(asked.slice(0, dot))
    if (found.length > 0) return found.map((stage) => ({ stage, metric: asked.slice(dot + 1) }))
  }
  return undefined
}

/** The metrics that a claim rests on. */
function measured({ stages }: Plan, claim: ClaimPlan): readonly Asked[] {
  return measuredBy(claim).flatMap(({ stage: address, metric }) => {
    const stage = stages.find((each) => each.address === address)
    return stage ? [{ stage, metric }] : []
  })
}

/** The links from one stage back to models and data, each once. */
function chain({ stage, metric: wanted }: Asked, { id, plan }: PastRun, manifestOf: (stage: StagePlan) => Manifest | undefined, absent: (stage: StagePlan) => string | undefined): string {
  const stages = new Map(plan.stages.map((each) => [each.address, each]))
  const lines: string[] = []
  if (wanted !== undefined) {
    const made = manifestOf(stage)
    const [value, file] = [made?.metrics[wanted], made?.outputs[wanted]]
    if (made && value === undefined && file === undefined) throw new UsageError(`\`${stage.address}\` has no metric or output \`${wanted}\``, `it has ${[...Object.keys(made.metrics), ...Object.keys(made.outputs)].map((name) => `\`${name}\``).join(', ') || 'none'}`)
    lines.push(`${stage.address}.${wanted} = ${value !== undefined ? String(Number(value.toPrecision(6))) : file !== undefined ? `.rlp/store/${stage.fingerprint}/${file}` : 'not there'}`)
  }
  const seen = new Set<string>()
  const visit = (at: StagePlan, depth: number): void => {
    const indent = '  '.repeat(depth)
    const made = manifestOf(at)
    const head = `${indent}${depth === 0 && wanted === undefined ? '' : '← '}${at.address}  ${at.kind}`
    if (seen.has(at.address)) {
      lines.push(`${head}, as above`)
      return
    }
    seen.add(at.address)
    lines.push(`${head}  ${at.fingerprint.slice(0, 12)}  ${made ? `made by run ${made.madeBy.run}${made.madeBy.stage === at.address ? '' : ` as ${made.madeBy.stage}`} with ${made.executor}${made.version === undefined ? '' : ` ${made.version}`}, result ${made.result.slice(0, 12)}` : (absent(at) ?? `not in the store (asked of run ${id})`)}`)
    for (const path of new Set([...Object.keys(at.inputs), ...at.written])) {
      const value = at.inputs[path] ?? attribute(at, path)
      if (value !== null && !isOutput(value)) lines.push(`${indent}    ${path} = ${showValue(value)}${modelText(plan, value)}`)
    }
    lines.push(`${indent}    random numbers from ${at.seed}`)
    for (const [file, hash] of Object.entries(made?.from.files ?? {})) lines.push(`${indent}    read \`${file}\`  sha256 ${hash.slice(0, 12)}`)
    for (const [path, value] of Object.entries(at.inputs)) {
      if (!isOutput(value)) continue
      const before = stages.get(value.stage)
      const expected = before && made?.from.stages[before.fingerprint]
      const now = before && manifestOf(before)?.result
      lines.push(`${indent}    ${path} = ${showValue(value)}${expected !== undefined && now !== undefined && expected !== now ? '  (made again since, and came out differently)' : ''}`)
      if (before) visit(before, depth + 1)
    }
  }
  visit(stage, 0)
  return `${lines.join('\n')}\n`
}

/** What a model is, behind its name. */
function modelText({ models }: Plan, value: Value): string {
  if (typeof value !== 'object' || value === null || !('model' in value)) return ''
  const model = models[value.model]
  if (!model) return ''
  const { source, architecture, weights } = model
  const from = 'scratch' in source ? `drawn from seed ${source.seed ?? 0}` : 'folder' in source ? `from \`${source.folder}\`` : `from ${source.repository}${source.revision === undefined ? '' : ` at ${source.revision}`}`
  return `: a ${architecture} of ${metric(parametersOf({ weights })).trimEnd()} parameters, ${from}`
}

/** Source lines of the stages and of what they name, in the spec as it is now, where it still means the same; and versions. */
async function origin({ id, plan, root, spec, executor }: PastRun, asked: readonly StagePlan[]): Promise<string> {
  const lines = [`run ${id}: ${plan.compiler}, ${executor}${plan.variant === null ? '' : `, variant ${plan.variant}`}${existsSync(resolve(root, 'rlp.lock')) ? ', `rlp.lock` beside the spec' : ''}`]
  const parameters = plan.parameters.filter(({ origin: from }) => from === 'command line')
  if (parameters.length > 0) lines.push(`set on the command line: ${parameters.map(({ name, value }) => `${name} = ${showValue(value)}`).join(', ')}`)
  const needed = behind(plan, asked)
  const compiled = await specOf(root, spec, plan)
  if (!compiled) return `${lines.join('\n')}\nthe spec in ${root} is gone or has mistakes now: its lines cannot be shown\n`
  const now = new Map(compiled.plan.stages.map((stage) => [stage.address, stage.fingerprint]))
  const places = new Map<string, string[]>()
  for (const stage of needed) {
    const draft = compiled.drafts.get(stage.address)
    if (!draft || now.get(stage.address) !== stage.fingerprint) {
      lines.push(`${stage.address} is no longer in the spec with this meaning: \`rlpc diff ${Number(id)}\` says what changed`)
      continue
    }
    for (const address of [stage.address, ...named(stage)]) {
      const span = compiled.drafts.get(address)?.span
      if (span) places.set(placeText(span), [...new Set([...(places.get(placeText(span)) ?? []), address])])
    }
  }
  const sorted = [...places].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
  return `${[...lines, ...sorted.map(([place, names]) => `${place}  ${names.join(', ')}`)].join('\n')}\n`
}

/** The stages asked for and all that they need, these first. */
function behind({ stages }: Plan, asked: readonly StagePlan[]): readonly StagePlan[] {
  const all = new Map(stages.map((stage) => [stage.address, stage]))
  const found = new Set<StagePlan>()
  const pending = [...asked]
  for (let stage = pending.pop(); stage; stage = pending.pop()) {
    if (found.has(stage)) continue
    found.add(stage)
    for (const need of stage.needs) {
      const before = all.get(need)
      if (before) pending.push(before)
    }
  }
  return [...found].reverse()
}

/** Addresses of models, datasets, rewards and curricula that a stage reads. */
function named({ inputs, attributes }: StagePlan): readonly string[] {
  const found: string[] = []
  JSON.stringify([inputs, attributes], (key, value: unknown) => {
    if (['model', 'dataset', 'reward', 'curriculum'].includes(key) && typeof value === 'string') found.push(value)
    return value
  })
  return found
}

async function specOf(root: string, spec: string | undefined, plan: Plan): Promise<{ plan: Plan; drafts: Drafts } | undefined> {
  let file: string
  try {
    file = findEntry(spec === undefined ? root : resolve(root, spec)).file
  } catch (cause) {
    if (cause instanceof UsageError) return undefined
    throw cause
  }
  const parameters = plan.parameters.filter(({ origin: from }) => from === 'command line').map(({ name, value }) => ({ name, text: showValue(value) }))
  const compiled = await compile({ entry: file, host: diskHost(root), parameters, variant: plan.variant ?? undefined })
  return compiled.plan && compiled.elaborated ? { plan: compiled.plan, drafts: compiled.elaborated.drafts } : undefined
}

function isOutput(value: Value): value is { readonly stage: string; readonly output: string } {
  return typeof value === 'object' && value !== null && 'stage' in value
}
