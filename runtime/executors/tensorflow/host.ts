// The parent's side of TensorFlow's process: starts it, asks it, and turns its death into an error that says so.
// A process and not a thread: when TensorFlow crashes or runs out of memory, the run and its journal are still there.

import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { failure } from '../../codes.js'
import type { Answer, Calls } from './process.js'

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

export class Host {
  private readonly pending = new Map<number, Pending>()
  private readonly child: ChildProcess
  private next = 1
  private stderr = ''
  /** Why nothing can be asked any more. */
  private gone: Error | undefined

  private constructor(addon: string, settings: NodeJS.ProcessEnv) {
    const source = import.meta.url.endsWith('.ts')
    this.child = fork(fileURLToPath(new URL(source ? './process.ts' : './process.js', import.meta.url)), [addon], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: source ? ['--import', import.meta.resolve('tsx')] : [],
      env: environment(settings),
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr = (this.stderr + text).slice(-4000)))
    this.child.on('message', (answer: Answer) => this.receive(answer))
    this.child.on('error', (error) => this.end(error.message))
    // After `close` all of stderr is there.
    this.child.on('close', (code, signal) => this.end(signal === null ? `with code ${code}` : `by ${signal}`))
    process.on('exit', this.kill)
  }

  /** Start the process and load the addon; `settings` go into its environment. Errors: the addon or TensorFlow cannot be loaded. */
  static async start(addon: string, settings: NodeJS.ProcessEnv = {}): Promise<Host> {
    const host = new Host(addon, settings)
    await host.wait(0)
    return host
  }

  get alive(): boolean {
    return this.gone === undefined
  }

  /** The end of what TensorFlow wrote to its stderr. */
  get said(): string {
    return this.stderr
  }

  get pid(): number | undefined {
    return this.child.pid
  }

  /** Ask for one thing; requests are served in the order in which they are made. */
  ask<Name extends keyof Calls>(call: Name, ...args: Parameters<Calls[Name]>): Promise<ReturnType<Calls[Name]>> {
    if (this.gone) return Promise.reject(this.gone)
    const id = this.next++
    const answered = this.wait(id)
    this.child.send({ id, call, args })
    return answered as Promise<ReturnType<Calls[Name]>>
  }

  /** End the process. */
  close(): void {
    if (this.child.connected) this.child.disconnect()
  }

  /** End the process in the middle of what it does. */
  abandon(): void {
    this.gone ??= failure('RLP8002', 'stopped in the middle of a step, back to the last saved state', 'run again to continue')
    this.child.kill('SIGKILL')
  }

  private wait(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject })
      this.hold()
    })
  }

  private receive(answer: Answer): void {
    const pending = this.pending.get(answer.id)
    this.pending.delete(answer.id)
    this.hold()
    if ('error' in answer) pending?.reject(new Error(answer.error))
    else pending?.resolve(answer.value)
  }

  private end(how: string): void {
    process.off('exit', this.kill)
    const said = lastLines(this.stderr)
    this.gone ??= failure('RLP8014', `the process of TensorFlow ended ${how}${said === '' ? '' : `: ${said}`}`, 'what was stored is intact: run again to continue from there, with `--backend wasm` if it happens again; SIGKILL often means that memory ran out')
    for (const { reject } of this.pending.values()) reject(this.gone)
    this.pending.clear()
  }

  /** The process keeps us alive only while it is asked something. */
  private hold(): void {
    const how = this.pending.size > 0 ? 'ref' : 'unref'
    this.child[how]()
    this.child.channel?.[how]()
    const stderr = this.child.stderr as unknown as { ref?(): void; unref?(): void } | null
    stderr?.[how]?.()
  }

  private readonly kill = (): void => void this.child.kill('SIGKILL')
}

/** Quiet, and with the arithmetic of IEEE 754: NaN through min and max, float32 products in float32. */
function environment(settings: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const flags = ['--xla_cpu_enable_fast_min_max=false', process.env['XLA_FLAGS']].filter(Boolean).join(' ')
  return { TF_CPP_MIN_LOG_LEVEL: '3', NVIDIA_TF32_OVERRIDE: '0', ...process.env, XLA_FLAGS: flags, ...settings }
}

function lastLines(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('WARNING: All log messages before'))
    .slice(-3)
    .join(' / ')
}
