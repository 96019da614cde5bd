// All tables, and the folders of recorded cases.
// Does not run anything.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Case, Table } from './cases.js'
import { trl } from './trl.js'
import { verl } from './verl.js'

export const tables: readonly Table[] = [verl, trl]

/** Our copy of the recorded cases. */
export const recorded: string = fileURLToPath(new URL('../../test/parity/', import.meta.url))

/** Every case of the `.json` files of a folder. */
export function readCases(folder: string): Case[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .flatMap((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Case[])
}
