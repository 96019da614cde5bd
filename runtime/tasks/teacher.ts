// Gaussian vectors labelled by a random ReLU network, some labels drawn at random instead.
// The network depends on its own seed alone, so that train and test vectors have the same teacher.

import type { Dataset } from '../data/dataset.js'
import { generated } from '../data/draws.js'
import { below, normal, randomKey, uniform } from '../random.js'
import type { Split } from './split.js'

export interface TeacherOptions {
  readonly inputs: number
  readonly classes: number
  readonly hidden: number
  /** Share of the labels that are uniform. */
  readonly noise: number
  readonly teacher: number
  readonly split: Split
}

/** Vectors that the outputs of the network are centred and scaled on, so that every class occurs. */
const CALIBRATION = 2_000

/** Rows `{ features: [inputs numbers], label }` without end. */
export function teacherSamples({ inputs, classes, hidden, noise, teacher, split }: TeacherOptions): Dataset {
  const network = calibrated(inputs, classes, hidden, teacher)
  return generated((seed) => {
    const [vector, coin] = ['vector', 'label'].map((purpose) => randomKey(seed, 'teacher', split, purpose)) as [ReturnType<typeof randomKey>, ReturnType<typeof randomKey>]
    return (i) => {
      const features = Array.from({ length: inputs }, (_, at) => normal(vector, i, at))
      const label = uniform(coin, i, 0) < noise ? below(coin, classes, i, 1) : argmax(network(features))
      return { features, label }
    }
  })
}

type Network = (features: readonly number[]) => number[]

function calibrated(inputs: number, classes: number, hidden: number, teacher: number): Network {
  const raw = randomNetwork(inputs, classes, hidden, teacher)
  const key = randomKey(teacher, 'teacher', 'calibration')
  const outputs = Array.from({ length: CALIBRATION }, (_, i) => raw(Array.from({ length: inputs }, (__, at) => normal(key, i, at))))
  const mean = Array.from({ length: classes }, (_, c) => outputs.reduce((sum, row) => sum + (row[c] as number), 0) / CALIBRATION)
  const deviation = mean.map((m, c) => Math.sqrt(outputs.reduce((sum, row) => sum + ((row[c] as number) - m) ** 2, 0) / CALIBRATION))
  return (features) => raw(features).map((value, c) => (value - (mean[c] as number)) / (deviation[c] as number))
}

/** classes x relu(hidden x features), all weights N(0, 1): scaling them changes no label. */
function randomNetwork(inputs: number, classes: number, hidden: number, teacher: number): Network {
  const matrix = (purpose: string, rows: number, columns: number): Float64Array[] => {
    const key = randomKey(teacher, 'teacher', purpose)
    return Array.from({ length: rows }, (_, row) => Float64Array.from({ length: columns }, (__, column) => normal(key, row, column)))
  }
  const [first, second] = [matrix('first', hidden, inputs), matrix('second', classes, hidden)]
  const apply = (rows: readonly Float64Array[], x: readonly number[]): number[] => rows.map((row) => x.reduce((sum, value, i) => sum + value * (row[i] as number), 0))
  return (features) => apply(second, apply(first, features).map((value) => Math.max(0, value)))
}

function argmax(values: readonly number[]): number {
  return values.indexOf(Math.max(...values))
}
