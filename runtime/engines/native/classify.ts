// How well a classifier knows vectors: the share that is classified as labelled, and the mean loss.

import { VECTORS } from './batching.js'
import { vectorExamples, type Labelled } from './examples.js'
import type { Model } from './model.js'
import { meanOf } from './reward.js'

export async function classify(model: Model, vectors: readonly Labelled[]): Promise<{ accuracy: number; loss: number }> {
  const { correct, logp } = await model.score(vectorExamples(vectors, Math.min(VECTORS, vectors.length)), [...vectors.keys()], 1)
  return { accuracy: meanOf(correct?.values ?? []), loss: -meanOf(logp?.values ?? []) }
}
