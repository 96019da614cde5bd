// Secrets of a plan: read from the environment or a file when they are needed, and kept out of everything that is written or shown.
// A plan only names them; no text of a secret is in a plan, a fingerprint or a store.

import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { inspect } from 'node:util'
import type { Plan } from '../spec/plan/plan.js'
import { failure } from './codes.js'

/** Shorter texts occur by themselves, and so could not be kept out of what is written. */
const SHORTEST = 4

/** Opaque unless it is asked: a message, a log or JSON that takes it shows its name. */
export class Secret {
  readonly #text: string

  constructor(
    readonly name: string,
    text: string,
  ) {
    this.#text = text
  }

  /** The text itself, for the function that hands it to a service. */
  reveal(): string {
    return this.#text
  }

  toString(): string {
    return `[secret ${this.name}]`
  }

  toJSON(): string {
    return this.toString()
  }

  [inspect.custom](): string {
    return this.toString()
  }
}

export class Secrets {
  private readonly declared: ReadonlyMap<string, Plan['secrets'][number]>
  private readonly read = new Map<string, Secret>()
  private hidden: readonly (readonly [form: string, shown: string])[] | undefined

  /** `root` is the folder that paths of files start at. */
  constructor(
    secrets: Plan['secrets'],
    private readonly root: string,
    private readonly environment: Readonly<Record<string, string | undefined>> = process.env,
  ) {
    this.declared = new Map(secrets.map((secret) => [secret.name, secret]))
  }

  /** @throws HostError RLP8109 when it is not there, or is too short to be kept secret. */
  get(name: string): Secret {
    const known = this.read.get(name)
    if (known) return known
    const declared = this.declared.get(name)
    if (!declared) throw failure('RLP8109', `the plan has no secret \`${name}\``)
    const [place, text] = 'file' in declared ? [`the file \`${declared.file}\``, this.fileText(declared.file)] : [`the environment variable ${declared.environment}`, this.environment[declared.environment]]
    if (text === undefined || text === '') throw failure('RLP8109', `the secret \`${name}\` is not there: ${place} is ${text === undefined ? 'missing' : 'empty'}`, 'file' in declared ? 'write the secret into this file' : `set it: \`${declared.environment}=… rlpc run\``)
    if (text.length < SHORTEST) throw failure('RLP8109', `the secret \`${name}\` in ${place} has fewer than ${SHORTEST} characters, too few to be kept out of logs`, 'use a longer one')
    const secret = new Secret(name, text)
    this.read.set(name, secret)
    return secret
  }

  /**
   * The same value with the texts of all secrets that are there replaced by `[secret NAME]`, in keys and texts of records and lists: as they
   * are, percent-encoded, in Base64 and Base64url, in hexadecimal, and with JSON's escapes.
   */
  redact<T>(value: T): T {
    this.hidden ??= [...this.declared.keys()].flatMap((name) => {
      try {
        const secret = this.get(name)
        return formsOf(secret.reveal()).map((form) => [form, String(secret)] as const)
      } catch {
        return []
      }
    }).sort(([a], [b]) => b.length - a.length)
    return this.hidden.length === 0 ? value : (this.redacted(value) as T)
  }

  private redacted(value: unknown): unknown {
    if (typeof value === 'string') return (this.hidden ?? []).reduce((text, [form, shown]) => text.replaceAll(form, shown), value)
    if (Array.isArray(value)) return value.map((item) => this.redacted(item))
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [this.redacted(name) as string, this.redacted(item)]))
  }

  /** Without the line break at the end, which editors add. */
  private fileText(file: string): string | undefined {
    const path = resolve(this.root, file)
    return existsSync(path) ? readFileSync(path, 'utf8').replace(/\r?\n$/, '') : undefined
  }
}

/** Base64 that is part of a longer text has other characters at both ends: those in the middle, for each of the three places where it can begin. */
function base64Of(bytes: Buffer): string[] {
  return [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64').replace(/=+$/, '')
    const [start, end] = [Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6)]
    return text.slice(start, end)
  })
}

function formsOf(text: string): string[] {
  const bytes = Buffer.from(text)
  const base64 = base64Of(bytes)
  const forms = [text, encodeURIComponent(text), JSON.stringify(text).slice(1, -1), bytes.toString('hex'), ...base64, ...base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))]
  return [...new Set(forms)].filter((form) => form.length >= SHORTEST)
}
