// A plan as a file: canonical JSON whose first field is the SHA-256 of all the rest. Stages carry fingerprints of what they mean, so a plan
// in which a bit flipped, or that someone edited, would put results under fingerprints that mean something else.

import { hash } from 'node:crypto'
import { canonicalJson } from './canonical.js'
import type { Plan } from './plan.js'

// `checksum` is before all other names of a plan in the alphabet.
const HEAD = /^\{"checksum":"([0-9a-f]{64})",/

/** The text of a plan's file. */
export function sealed(plan: Plan): string {
  const text = canonicalJson(plan)
  return `{"checksum":"${hash('sha256', text)}",${text.slice(1)}\n`
}

/** Whether a text is as `sealed` wrote it. */
export function isSealed(text: string): boolean {
  const [head, checksum] = HEAD.exec(text) ?? []
  return head !== undefined && hash('sha256', `{${text.slice(head.length).trimEnd()}`) === checksum
}
