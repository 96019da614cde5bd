// The process in which TensorFlow lives: opens sessions, extends their graphs, runs them, one request after the other.
// Knows neither our graphs nor what is computed. It ends when its parent does, and leaves Ctrl-C to it.

import { createRequire } from 'node:module'
import { loadCargo, unloadCargo, type Cargo } from './cargo.js'
import { encodeConfig } from './graph-def.js'

/** What `addon.cc` exports. */
export interface Addon {
  open(config: Uint8Array): unknown
  close(session: unknown): void
  extend(session: unknown, graph: Uint8Array): void
  run(session: unknown, feeds: readonly (readonly [place: string, dtype: number, shape: readonly number[], data: NodeJS.ArrayBufferView])[], fetches: readonly string[], targets: readonly string[]): NodeJS.ArrayBufferView[]
  devices(session: unknown): string[]
  version(): string
}

export type Feed = readonly [place: string, dtype: number, shape: readonly number[], data: Cargo]

/** What can be asked, and what is answered. A session is named by a number that the parent chose. */
export interface Calls {
  about(): { readonly version: string; readonly devices: readonly string[] }
  open(session: number): void
  close(session: number): void
  extend(session: number, graph: Uint8Array): void
  run(session: number, feeds: readonly Feed[], fetches: readonly string[], targets: readonly string[]): readonly Cargo[]
}

export type Request = { [name in keyof Calls]: { readonly id: number; readonly call: name; readonly args: Parameters<Calls[name]> } }[keyof Calls]
export type Answer = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string }

const send = (answer: Answer): void => void process.send?.(answer)

function serve(addon: Addon): void {
  const sessions = new Map<number, unknown>()
  const calls: Calls = {
    about: () => {
      const session = addon.open(encodeConfig())
      const devices = addon.devices(session)
      addon.close(session)
      return { version: addon.version(), devices }
    },
    open: (session) => void sessions.set(session, addon.open(encodeConfig())),
    close: (session) => {
      addon.close(sessions.get(session))
      sessions.delete(session)
    },
    extend: (session, graph) => addon.extend(sessions.get(session), graph),
    run: (session, feeds, fetches, targets) => {
      const given = feeds.map(([place, dtype, shape, data]) => [place, dtype, shape, unloadCargo(data)] as const)
      return addon.run(sessions.get(session), given, fetches, targets).map(loadCargo)
    },
  }
  process.on('message', ({ id, call, args }: Request) => {
    try {
      send({ id, value: (calls[call] as (...given: unknown[]) => unknown)(...args) })
    } catch (error) {
      send({ id, error: (error as Error).message })
    }
  })
}

/** Ctrl-C reaches the whole group of the terminal: the parent finishes its step and then closes us. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
process.on('disconnect', () => process.exit(0))
try {
  serve(createRequire(import.meta.url)(process.argv[2] as string) as Addon)
  send({ id: 0, value: null })
} catch (error) {
  send({ id: 0, error: (error as Error).message })
}
