// `rlpc store`: what stages have made, to look at, verify, copy out and clean up. Knows the words; the store itself is the runtime's.

import { cpSync, existsSync, readFileSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { Manifest, Store } from '../../runtime/index.js'
import { suggest } from '../../grammar/diagnostics/suggest.js'
import { EXIT } from './exit.js'
import { flag, text, UsageError, type Arguments } from './options.js'

type Runtime = typeof import('../../runtime/index.js')

interface Place {
  readonly runtime: Runtime
  readonly home: string
  readonly store: Store
  /** Address → fingerprint, in .rlp/plan.json or else in the latest run that has it. */
  readonly addresses: ReadonlyMap<string, string>
}

const ACTIONS: Readonly<Record<string, (args: Arguments, place: Place) => Promise<number> | number>> = { ls, show, verify, export: exportOutput, gc }

export async function run(args: Arguments): Promise<number> {
  const [name = 'ls'] = args.positionals
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined
  if (!action) {
    const near = suggest(name, Object.keys(ACTIONS))
    throw new UsageError(`\`rlpc store\` has no action \`${name}\``, near === undefined ? `the actions are ${Object.keys(ACTIONS).join(', ')}` : `did you mean \`rlpc store ${near}\`?`)
  }
  const runtime = await import('../../runtime/index.js')
  const home = resolve('.rlp')
  if (!existsSync(home)) throw new UsageError('there is no folder .rlp here', 'it is made by `rlpc compile` and `rlpc run`')
  return action(args, { runtime, home, store: new runtime.Store(home), addresses: addressesIn(runtime, home) })
}

function ls(_: Arguments, { runtime, store }: Place): number {
  const rows = store.list().map((fingerprint) => {
    const found = store.manifest(fingerprint)
    const size = bytes(runtime.sizeOf(store.path(fingerprint)))
    if (!found || 'damage' in found) return [short(fingerprint), 'damaged', '', '', size, '']
    const { kind, madeBy, outputs, metrics, executor } = found.manifest
    return [short(fingerprint), madeBy.stage, kind, `run ${madeBy.run}, ${executor}`, size, [...Object.keys(outputs), ...Object.keys(metrics)].join(' ')]
  })
  const interrupted = store.interrupted().map((fingerprint) => [short(fingerprint), 'interrupted', '', '', bytes(runtime.sizeOf(store.work(fingerprint))), ''])
  const all = [...rows, ...interrupted]
  process.stdout.write(all.length === 0 ? 'the store is empty\n' : `${runtime.table([['', 'stage', 'kind', 'made by', 'size', 'outputs'], ...all])}\n`)
  return EXIT.done
}

function show(args: Arguments, place: Place): number {
  const { store } = place
  const { fingerprint, madeBy, kind, executor, version, from, metrics, outputs, files, result } = manifestOf(args, place)
  const parts = [
    `${madeBy.stage}: ${kind}, made by run ${madeBy.run} with ${executor}${version === undefined ? '' : ` ${version}`}`,
    `fingerprint ${fingerprint}\nresult      ${result}\nfolder      ${store.path(fingerprint)}`,
    listed('from', [...Object.entries(from.files), ...Object.entries(from.stages).map(([stage, hash]): [string, string] => [nameOf(stage, place), hash])].map(([name, hash]) => [name, short(hash)])),
    listed('metrics', Object.entries(metrics).map(([name, value]) => [name, String(value)])),
    listed('outputs', Object.entries(outputs)),
    listed('files', Object.entries(files).map(([name, hash]) => [name, bytes(statSync(join(store.path(fingerprint), name)).size), short(hash)])),
  ]
  process.stdout.write(`${parts.filter((part) => part !== '').join('\n\n')}\n`)
  return EXIT.done

  function listed(heading: string, rows: readonly (readonly string[])[]): string {
    return rows.length === 0 ? '' : `${heading}\n${place.runtime.table(rows.map(([first = '', ...rest]) => [`  ${first}`, ...rest]))}`
  }
}

function verify(args: Arguments, place: Place): number {
  const { store, home } = place
  const chosen = args.positionals[1] === undefined ? store.list() : [fingerprintOf(args, place)]
  const damages = chosen.flatMap((fingerprint) => {
    const found = store.verify(fingerprint)
    return found && 'damage' in found ? [`${short(fingerprint)}: ${found.damage.replaceAll(`${home}/`, '.rlp/')}`] : []
  })
  for (const damage of damages) process.stdout.write(`${damage}\n`)
  process.stdout.write(`${chosen.length - damages.length} sound, ${damages.length} damaged${damages.length > 0 ? ': `rlpc run` makes them again when they are needed' : ''}\n`)
  return damages.length === 0 ? EXIT.done : EXIT.failed
}

function exportOutput(args: Arguments, place: Place): number {
  const { outputs, fingerprint } = manifestOf(args, place)
  const names = Object.keys(outputs)
  const name = text(args, 'output') ?? (names.length === 1 ? names[0] : names.find((one) => one === 'policy'))
  if (name === undefined || outputs[name] === undefined) throw new UsageError(name === undefined ? 'which output?' : `there is no output \`${name}\``, names.length === 0 ? 'the stage has only metrics: `rlpc store show` prints them' : `give \`--output\` with one of ${names.join(', ')}`)
  const target = args.positionals[2]
  if (target === undefined) throw new UsageError('where to?', `for example \`rlpc store export ${args.positionals[1]} ./${basename(outputs[name])}\``)
  if (existsSync(target)) throw new UsageError(`\`${target}\` exists already`, 'give the name of a new folder or file')
  cpSync(place.store.output(fingerprint, name), target, { recursive: true, errorOnExist: true, force: false })
  process.stdout.write(`${name} is in ${target}\n`)
  return EXIT.done
}

async function gc(args: Arguments, { runtime, home, store }: Place): Promise<number> {
  const kept = Number(text(args, 'runs') ?? 1)
  if (!Number.isInteger(kept) || kept < 0) throw new UsageError('--runs wants a number of runs', 'for example `--runs 5`')
  const release = await runtime.takeLock(home, { what: 'rlpc store gc' })
  try {
    const past = runtime.runIds(home).flatMap((id) => pastPlan(runtime, home, id))
    const plans = [...(kept === 0 ? [] : past.slice(-kept)), ...currentPlan(runtime, home)]
    const items = runtime.garbage(store, new Set(plans.flatMap(({ stages }) => stages.map(({ fingerprint }) => fingerprint))))
    for (const { fingerprint, what, bytes: size } of items) process.stdout.write(`${short(fingerprint)}  ${what}  ${bytes(size)}\n`)
    const sum = bytes(items.reduce((total, { bytes: size }) => total + size, 0))
    if (flag(args, 'dry-run')) {
      process.stdout.write(`would remove ${items.length}, ${sum}\n`)
      return EXIT.done
    }
    runtime.collect(store, items)
    process.stdout.write(`removed ${items.length}, ${sum}\n`)
    return EXIT.done
  } finally {
    release()
  }
}

function manifestOf(args: Arguments, place: Place): Manifest {
  const fingerprint = fingerprintOf(args, place)
  const found = place.store.find(fingerprint)
  if (found && 'manifest' in found) return found.manifest
  throw new UsageError(found ? `${short(fingerprint)} is damaged: ${found.damage}` : `\`${args.positionals[1]}\` is not in the store`, 'make it with `rlpc run`; `rlpc store ls` lists what there is')
}

/** Of an address, or of the beginning of a fingerprint. */
function fingerprintOf(args: Arguments, { store, addresses }: Place): string {
  const name = args.positionals[1]
  if (name === undefined) throw new UsageError('which stage?', `for example \`rlpc store ${args.positionals[0]} ${[...addresses.keys()][0] ?? 'warm'}${args.positionals[0] === 'export' ? ' ./out' : ''}\``)
  const known = addresses.get(name)
  if (known !== undefined) return known
  const matching = /^[0-9a-f]{4,}$/.test(name) ? store.list().filter((fingerprint) => fingerprint.startsWith(name)) : []
  if (matching.length === 1) return matching[0] as string
  const near = suggest(name, [...addresses.keys()])
  throw new UsageError(matching.length > 1 ? `${matching.length} results begin with \`${name}\`` : `no stage or fingerprint is called \`${name}\``, near === undefined ? '`rlpc store ls` lists what there is' : `did you mean \`${near}\`?`)
}

function nameOf(fingerprint: string, { store }: Place): string {
  const found = store.manifest(fingerprint)
  return found && 'manifest' in found ? found.manifest.madeBy.stage : short(fingerprint)
}

function addressesIn(runtime: Runtime, home: string): Map<string, string> {
  const addresses = new Map<string, string>()
  const last = runtime.runIds(home).at(-1)
  const plans = [...(last === undefined ? [] : pastPlan(runtime, home, last)), ...currentPlan(runtime, home)]
  for (const { stages } of plans) for (const { address, fingerprint } of stages) addresses.set(address, fingerprint)
  return addresses
}

function pastPlan(runtime: Runtime, home: string, id: string) {
  try {
    return [runtime.readRun(home, id).plan]
  } catch {
    // A run that was killed before it began, or whose plan is damaged, uses nothing.
    return []
  }
}

function currentPlan({ readPlan }: Runtime, home: string) {
  const path = join(home, 'plan.json')
  const read = existsSync(path) ? readPlan(readFileSync(path, 'utf8')) : undefined
  return read && 'plan' in read ? [read.plan] : []
}

const short = (hash: string): string => hash.slice(0, 12)

/** `1.5 MB`, powers of 1000. */
function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = count < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(count) / 3))
  return `${Number((count / 1000 ** power).toPrecision(3))} ${units[power]}`
}
