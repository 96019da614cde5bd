// What a stored stage says about itself: what it is, what it was made from, and the hash of every file. It carries a checksum of its own.

import { contentHash } from '../../spec/plan/canonical.js'

/** What a result was made from, beyond what the fingerprint says: the plan names files and stages, these are their contents. */
export interface Origins {
  /** Fingerprint of each stage that was needed → `result` of its manifest. */
  readonly stages: Readonly<Record<string, string>>
  /** Data and model files as the plan names them → SHA-256. */
  readonly files: Readonly<Record<string, string>>
  /** Hash of its programs, also of those that the fingerprint leaves to the version of rlpc. */
  readonly programs: string
}

export interface ManifestContent {
  readonly fingerprint: string
  readonly kind: string
  /** The stage that made it, and in which run; others with the same fingerprint share it. */
  readonly madeBy: { readonly stage: string; readonly run: string }
  /** The executor that computed it: another one gives other last digits, so it is not reused there. */
  readonly executor: string
  /** Of its kernels. A finished result is reused under any; only work that is not done must go on with the same. */
  readonly version?: string | undefined
  readonly from: Origins
  /** Outputs of type `Real`. */
  readonly metrics: Readonly<Record<string, number>>
  /** What else is to be known of the whole stage, in words. */
  readonly notes?: readonly string[]
  /** Other outputs: name → file or folder. */
  readonly outputs: Readonly<Record<string, string>>
  /** SHA-256 of every file. */
  readonly files: Readonly<Record<string, string>>
}

/** `manifest.json` of a stored stage. */
export interface Manifest extends ManifestContent {
  readonly format: 2
  /** Hash of what other stages can see of it: metrics and outputs. */
  readonly result: string
  /** SHA-256 of the canonical JSON of all the rest. */
  readonly checksum: string
}

export function manifestText(content: ManifestContent): string {
  const rest = { format: 2, ...content, result: resultOf(content) }
  return `${JSON.stringify({ ...rest, checksum: contentHash(plain(rest)) }, null, 2)}\n`
}

/** The manifest in a text, or in words why it is none. `fingerprint`: of the folder it was found in. */
export function readManifest(text: string, fingerprint: string): { readonly manifest: Manifest } | { readonly problem: string } {
  let manifest: Manifest
  try {
    manifest = JSON.parse(text) as Manifest
  } catch {
    return { problem: 'cannot be read' }
  }
  const { checksum, ...rest } = manifest
  if (manifest.format !== 2) return { problem: 'is of another version of rlpc' }
  if (checksum !== contentHash(rest)) return { problem: 'is not what was written' }
  return manifest.fingerprint === fingerprint ? { manifest } : { problem: `belongs to ${manifest.fingerprint.slice(0, 12)}` }
}

/** The files of one output: itself, or what is in its folder. */
export function filesOfOutput({ files, outputs }: ManifestContent, name: string): [path: string, hash: string][] {
  const path = outputs[name]
  return path === undefined ? [] : Object.entries(files).filter(([file]) => file === path || file.startsWith(`${path}/`))
}

function resultOf(content: ManifestContent): string {
  const outputs = Object.fromEntries(Object.keys(content.outputs).map((name) => [name, Object.fromEntries(filesOfOutput(content, name))]))
  return contentHash(plain({ metrics: content.metrics, outputs }))
}

/** As it will be read back: JSON has no NaN. */
function plain(value: object): unknown {
  return JSON.parse(JSON.stringify(value))
}
