// Train and test of a generated task: decided by a hash of the problem, so the two can never share one.
// The split of a problem never changes; a test that was published stays unseen.

import { createHash } from 'node:crypto'

export type Split = 'train' | 'test'

/** The first 32 bits of the SHA-256 of a text; also a fixed, arbitrary order of problems. */
export const hashOf = (problem: string): number => createHash('sha256').update(problem).digest().readUInt32BE(0)

/** One problem in five is for tests. */
export const splitOf = (problem: string): Split => (hashOf(problem) % 5 === 0 ? 'test' : 'train')
