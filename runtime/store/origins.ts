// What a stage is made from, by content: the files that it reads and what the stages before it came to.
// A fingerprint names files and stages; a result is only reused, and work only continued, when their contents are the same too.

import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { nameless } from '../../spec/graph/nameless.js'
import { contentHash } from '../../spec/plan/canonical.js'
import { stageFiles } from '../../spec/plan/files.js'
import type { Plan, StagePlan } from '../../spec/plan/plan.js'
import { guarded } from '../checkpoint/atomic.js'
import { hashFile } from './hash.js'
import type { Manifest, Origins } from './manifest.js'
import type { Store } from './store.js'

/** Files of a model folder that decide what is loaded from it. */
const MODEL_FILES = /\.(json|safetensors|jinja)$/

export class OriginsOfStages {
  private readonly fingerprints: ReadonlyMap<string, string>
  private readonly files: ReturnType<typeof stageFiles>
  private readonly hashes: ReadonlyMap<string, string | undefined>
  private readonly programs: (stage: StagePlan) => string

  /** Files are hashed here and now, before anything is read from them: one that is edited later belongs to no result. Errors: RLP8202. */
  constructor(
    plan: Plan,
    private readonly store: Store,
    root: string,
  ) {
    const files = stageFiles(plan)
    const known = new Map(plan.stages.map((stage) => [stage, files(stage)]))
    this.files = (stage) => known.get(stage) ?? files(stage)
    this.programs = programHashes(plan)
    this.fingerprints = new Map(plan.stages.map(({ address, fingerprint }) => [address, fingerprint]))
    const paths = new Set(plan.stages.flatMap((stage) => this.files(stage).map(({ path }) => path)))
    this.hashes = new Map([...paths].map((path) => [path, contentOf(resolve(root, path))]))
  }

  /** Files that are not there and stages that are not done are left out: nothing is known of them. */
  of(stage: StagePlan): Origins {
    const files: Record<string, string> = {}
    for (const { path } of this.files(stage)) {
      const hash = this.hashes.get(path)
      if (hash !== undefined) files[path] = hash
    }
    const stages: Record<string, string> = {}
    for (const need of stage.needs) {
      const fingerprint = this.fingerprints.get(need)
      // Manifests alone: whoever reads an output compares its files.
      const found = fingerprint === undefined ? undefined : this.store.manifest(fingerprint)
      if (found && 'manifest' in found) stages[found.manifest.fingerprint] = found.manifest.result
    }
    return { stages, files, programs: this.programs(stage) }
  }
}

/** Why a stored result is not the result of this stage here and now, in words; undefined when it is. */
export function staleness({ executor, from }: Manifest, now: Origins, executorNow: string): string | undefined {
  return executor === executorNow ? originsDifference(from, now) : `it was computed by \`${executor}\`, this run uses \`${executorNow}\``
}

/** The first thing that is not as it was, in words. */
export function originsDifference(before: Origins, now: Origins): string | undefined {
  for (const [path, hash] of Object.entries(now.files)) if (before.files[path] !== hash) return `\`${path}\` has changed since`
  const other = Object.entries(now.stages).some(([fingerprint, result]) => before.stages[fingerprint] !== result)
  if (other) return 'what it was made from has been made again and came out differently'
  return before.programs === now.programs ? undefined : 'this version of rlpc computes it by other programs'
}

/** Hash of the programs of a stage by role, without names; programs and sets of them that stages share are hashed once. */
function programHashes({ programs }: Plan): (stage: StagePlan) => string {
  const [ofProgram, ofSet] = [new Map<string, string>(), new Map<string, string>()]
  return (stage) => {
    const roles = Object.entries(stage.programs).sort(([a], [b]) => (a < b ? -1 : 1))
    const set = JSON.stringify(roles)
    let hash = ofSet.get(set)
    if (hash === undefined) ofSet.set(set, (hash = contentHash(roles.map(([role, key]) => [role, of(key)]))))
    return hash
  }

  function of(key: string): string {
    let hash = ofProgram.get(key)
    const program = programs[key]
    if (hash === undefined) ofProgram.set(key, (hash = program ? contentHash(nameless(program)) : key))
    return hash
  }
}

/** Hash of a file, or of what counts in a model folder; undefined when it is not there. */
export function contentOf(path: string): string | undefined {
  return guarded(path, () => {
    if (!existsSync(path)) return undefined
    if (!statSync(path).isDirectory()) return hashFile(path)
    const files = readdirSync(path).filter((name) => MODEL_FILES.test(name)).sort()
    return contentHash(files.map((name) => [name, hashFile(join(path, name))]))
  })
}
