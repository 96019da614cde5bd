// Seeds: the seed of a stage or model combined with that of the pipeline.
// Only numbers are made here; what they key is said in `spec/plan/README.md`.

import { hash } from 'node:crypto'

/**
 * An unsigned 32-bit seed from the pipeline's and the declaration's own: the first word of SHA-256("pipeline/own").
 * Different pairs give unrelated seeds, so (0, 1) and (1, 0) are different runs.
 */
export function combineSeeds(pipeline: number, own: number): number {
  return Number.parseInt(hash('sha256', `${pipeline}/${own}`).slice(0, 8), 16)
}
