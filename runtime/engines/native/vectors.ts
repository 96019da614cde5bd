// Rows `{ features, label }` as vectors of a classifier, checked against its sizes.

import { failure } from '../../codes.js'
import type { ModelPlan } from '../../../spec/plan/plan.js'
import type { Drawn } from './course.js'
import type { Labelled } from './examples.js'

/** Errors: RLP8009 when a row has other features or another label than the model knows. */
export function vectorOf({ config }: ModelPlan, { row, place }: Drawn): Labelled {
  const [inputs, classes] = [Number(config['num_inputs']), Number(config['num_labels'])]
  const { features, label } = row
  const numbers = Array.isArray(features) || ArrayBuffer.isView(features) ? (features as ArrayLike<unknown>) : undefined
  if (numbers?.length !== inputs || !Array.from(numbers).every((value) => Number.isFinite(value))) {
    throw failure('RLP8009', `${place} has ${numbers ? `${numbers.length} features` : 'no list in the field `features`'}, the model reads ${inputs} finite numbers`, 'make `inputs` of the model the length of the vectors')
  }
  if (!Number.isInteger(label) || Number(label) < 0 || Number(label) >= classes) throw failure('RLP8009', `${place} has the label ${JSON.stringify(label)}, the model knows 0 to ${classes - 1}`, 'make `classes` of the model the number of labels')
  return { features: Float32Array.from(numbers as ArrayLike<number>), label: Number(label) }
}
