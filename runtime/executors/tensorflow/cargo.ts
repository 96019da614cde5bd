// How tensors travel between the two processes: small ones in the message, large ones through a file in memory,
// because the channel copies at a few hundred megabytes a second. Whoever takes a file removes it.

import { closeSync, existsSync, fstatSync, mkdtempSync, openSync, readSync, rmSync, unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ARRAYS = { Float32Array, Int32Array, Uint32Array, Uint16Array, Uint8Array } as const
type ArrayName = keyof typeof ARRAYS

export type Cargo = NodeJS.ArrayBufferView | { readonly file: string; readonly array: ArrayName }

const SMALL = 2 ** 18
/** A file system in memory, where there is one. */
const WHERE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

let folder: string | undefined
let count = 0

/** A folder of this process, removed when it ends. */
function own(): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(WHERE, 'rlpc-'))
    process.on('exit', () => rmSync(made, { recursive: true, force: true }))
    folder = made
  }
  return folder
}

export function loadCargo(data: NodeJS.ArrayBufferView): Cargo {
  if (data.byteLength <= SMALL) return data
  const file = join(own(), `${count++}`)
  const descriptor = openSync(file, 'wx', 0o600)
  try {
    for (let at = 0; at < data.byteLength; ) at += writeSync(descriptor, data, at, Math.min(data.byteLength - at, 2 ** 30))
  } finally {
    closeSync(descriptor)
  }
  return { file, array: data.constructor.name as ArrayName }
}

export function unloadCargo(cargo: Cargo): NodeJS.ArrayBufferView {
  if (ArrayBuffer.isView(cargo)) return cargo
  const descriptor = openSync(cargo.file, 'r')
  try {
    const bytes = new Uint8Array(fstatSync(descriptor).size)
    for (let at = 0; at < bytes.length; ) at += readSync(descriptor, bytes, at, Math.min(bytes.length - at, 2 ** 30), at)
    const type = ARRAYS[cargo.array]
    return new type(bytes.buffer, 0, bytes.length / type.BYTES_PER_ELEMENT)
  } finally {
    closeSync(descriptor)
    unlinkSync(cargo.file)
  }
}
