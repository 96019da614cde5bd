// What TensorFlow says of itself and of this machine: version, device, and why a GPU is not used. For `rlpc doctor`.

import { execa } from 'execa'
import { Host } from './host.js'
import type { Place } from './install/place.js'

export interface Diagnosis {
  readonly version: string
  /** The kind of device that programs run on: `CPU` or `GPU`. */
  readonly device: string
  /** Of each GPU as its driver calls it. */
  readonly gpus: readonly string[]
  /** What TensorFlow says about CUDA when it finds no GPU though it could use one. */
  readonly refusal?: string
}

/** Errors: TensorFlow does not start. */
export async function diagnose(place: Exclude<Place, { problem: string }>): Promise<Diagnosis> {
  const host = await Host.start(place.addon, { TF_CPP_MIN_LOG_LEVEL: '0' })
  const { version, devices } = await host.ask('about')
  host.close()
  const device = devices.some((name) => name.includes(':GPU:')) ? 'GPU' : 'CPU'
  const gpus = await driverNames()
  if (device === 'GPU') return { version, device, gpus }
  if (!place.note.gpu) return { version, device, gpus, ...(gpus.length > 0 ? { refusal: 'this TensorFlow was built without CUDA: `rlpc backend install tensorflow --gpu`' } : {}) }
  const said = host.said.split('\n').find((line) => /cuda|cuinit|dlopen|nvidia/i.test(line))
  return { version, device, gpus, refusal: said === undefined ? 'TensorFlow lists no GPU' : said.replace(/^.*?\] /, '').trim() }
}

async function driverNames(): Promise<string[]> {
  const { failed, stdout } = await execa('nvidia-smi', ['--query-gpu=name,driver_version', '--format=csv,noheader'], { reject: false, stdin: 'ignore', stderr: 'ignore' })
  return failed ? [] : stdout.split('\n').filter((line) => line !== '').map((line) => line.replace(', ', ', driver '))
}
