// What each engine can compute, and the choice of one for a stage. The compiler asks when it plans; the runtime has the engines.
// Data and one rule: which kinds an engine runs is said by the kinds themselves (`engines = […]`).

import { trainedWeights } from './adapters.js'
import { ENVIRONMENTS } from './agents.js'
import type { ModelPlan } from './plan.js'

interface Engine {
  /** Architectures of `ModelPlan` whose programs it runs. */
  readonly architectures: readonly ModelPlan['architecture'][]
  /** Environments that it can act in. */
  readonly environments: readonly string[]
  /** Room for weights and what training keeps beside them. */
  readonly bytes: number
}

const GIB = 2 ** 30

export const engines: Readonly<Record<string, Engine>> = {
  // One WebAssembly memory, addressed with 32 bits.
  native: { architectures: ['transformer', 'mlp'], environments: Object.keys(ENVIRONMENTS), bytes: 4 * GIB },
}

/** float32 weights; those that are trained have beside them a gradient and the two moments of AdamW. */
const BYTES = { held: 4, trained: 16 } as const

/** Of the weights of a model, once they were counted: thousands of stages work on one model. */
const counted = new WeakMap<ModelPlan['weights'], number>()

/** How many numbers a model has. */
export function parametersOf({ weights }: Pick<ModelPlan, 'weights'>): number {
  const found = counted.get(weights) ?? weights.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
  counted.set(weights, found)
  return found
}

/** The first of `candidates` that can run a stage on `model`, or in one sentence for each why it cannot. */
export function chooseEngine(candidates: readonly string[], model: ModelPlan | undefined, trains: boolean, environment?: string): { readonly engine: string } | { readonly engine: null; readonly obstacle: string } {
  const obstacles: string[] = []
  for (const name of candidates) {
    const obstacle = obstacleOf(name, model, trains, environment)
    if (obstacle === undefined) return { engine: name }
    obstacles.push(obstacle)
  }
  return { engine: null, obstacle: obstacles.join('; ') || 'its kind names no engine' }
}

function obstacleOf(name: string, model: ModelPlan | undefined, trains: boolean, environment: string | undefined): string | undefined {
  const engine = Object.hasOwn(engines, name) ? engines[name] : undefined
  if (!engine) return `there is no engine \`${name}\` here`
  // What acts in an environment has networks of its own.
  if (environment !== undefined && engine.environments.includes(environment)) return undefined
  if (environment !== undefined) return `the ${name} engine has no environment \`${environment}\` (it has ${engine.environments.map((each) => `\`${each}\``).join(', ')})`
  if (!model) return undefined
  if (model.architecture === 'served') return `the ${name} engine asks no server for completions`
  if ('repository' in model.source) return `the ${name} engine fetches nothing from the hub (\`${model.source.repository}\`)`
  if (!engine.architectures.includes(model.architecture)) return `the ${name} engine has no \`${model.architecture}\` (it has ${engine.architectures.map((each) => `\`${each}\``).join(', ')})`
  const count = parametersOf(model)
  const changed = trains ? parametersOf({ weights: trainedWeights(model) }) : 0
  const bytes = changed * BYTES.trained + (count - changed) * BYTES.held
  if (bytes <= engine.bytes) return undefined
  return `the ${name} engine holds ${(engine.bytes / GIB).toFixed(0)} GiB, ${trains ? 'training' : 'a model of'} ${(count / 1e6).toPrecision(4)} M parameters${trains && changed < count ? ' with an adapter' : ''} takes ${(bytes / GIB).toPrecision(3)} GiB`
}
