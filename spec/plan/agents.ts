// Agents of off-policy reinforcement learning: what networks a stage's attributes describe, as the plan of a model.
// What the networks compute is in `compiler/model/agent.ts`; what environments do, in `runtime/tasks/environments.ts`.

import type { Adapted } from './adapters.js'
import type { ModelPlan, Value } from './plan.js'

/** Environments that an engine here can act in: how many numbers an observation and an action have. */
export const ENVIRONMENTS: Readonly<Record<string, { readonly observations: number; readonly actions: number }>> = {
  'rlpc/point': { observations: 4, actions: 2 },
}

type Attributes = Readonly<Record<string, Value>>
type Weight = ModelPlan['weights'][number]

/** Groups of weights that are trained together; a critic's targets follow it. */
export const PARTS = ['actor', 'critic', 'temperature'] as const

/** The numbers of Adam's moments of a weight, which an agent hands over with it. */
export const momentNames = (name: string): readonly [m: string, v: string] => [`adam.m.${name}`, `adam.v.${name}`]

/** How many updates there were of [actor and temperature, critic]. */
export const UPDATES = 'adam.updates'

/** The name of the environment that a stage names; undefined for kinds without one. */
export function environmentOf({ environment }: Attributes): string | undefined {
  const id = recordOf(environment)['id']
  return typeof id === 'string' ? id : undefined
}

const known = new Map<string, ModelPlan>()

/** The agent that `environment` and `networks` describe; undefined where nothing here knows the environment. */
export function agentModel(attributes: Attributes): ModelPlan | undefined {
  const id = environmentOf(attributes) ?? ''
  const sizes = Object.hasOwn(ENVIRONMENTS, id) ? ENVIRONMENTS[id] : undefined
  if (!sizes) return undefined
  const networks = recordOf(attributes['networks'])
  const numbers = (name: string): number[] => (Array.isArray(networks[name]) ? networks[name].map(Number) : [])
  const config = {
    model_type: 'agent', environment: id, ...sizes, critics: Number(networks['critics'] ?? 1), actor_hidden: numbers('actor_hidden'), critic_hidden: numbers('critic_hidden'),
    layer_norm: networks['layer_norm'] === true, first_temperature: Number(networks['first_temperature'] ?? 1),
  }
  const key = JSON.stringify(config)
  const model = known.get(key) ?? { architecture: 'agent', config, tokenizer: null, source: { scratch: true }, weights: weightsOf(config) }
  known.set(key, model)
  return model
}

/** An agent that acts: only in the environment that it was made for does it know what its numbers mean. */
export function sameEnvironment(model: ModelPlan, attributes: Attributes): Adapted {
  const [here, there] = [environmentOf(attributes), model.config['environment']]
  return here === there ? { model } : { fault: `it acts in \`${here}\` here, and was made for \`${String(there)}\`` }
}

interface Sizes {
  readonly observations: number
  readonly actions: number
  readonly critics: number
  readonly actor_hidden: readonly number[]
  readonly critic_hidden: readonly number[]
  readonly layer_norm: boolean
}

/** Matrices are drawn from N(0, 2/in) (arXiv 1502.01852), as of an `Mlp`; an ensemble has them in one tensor, [critics, out, in]. */
function weightsOf({ observations, actions, critics, actor_hidden, critic_hidden, layer_norm }: Sizes): Weight[] {
  const layer = (name: string, out: number, fan: number, ensemble: readonly number[]): Weight[] => [
    { name: `${name}.weight`, shape: [...ensemble, out, fan], init: 'normal', std: Math.sqrt(2 / fan), decay: false },
    { name: `${name}.bias`, shape: [...ensemble, out], init: 'zeros', std: 0, decay: false },
  ]
  const norm = (name: string, size: number, ensemble: readonly number[]): Weight[] =>
    !layer_norm ? [] : [{ name: `${name}.weight`, shape: [...ensemble, size], init: 'ones', std: 0, decay: false }, { name: `${name}.bias`, shape: [...ensemble, size], init: 'zeros', std: 0, decay: false }]
  const hidden = (part: string, sizes: readonly number[], inputs: number, ensemble: readonly number[]): Weight[] =>
    sizes.flatMap((size, i) => [...layer(`${part}.layers.${i}`, size, sizes[i - 1] ?? inputs, ensemble), ...norm(`${part}.norms.${i}`, size, ensemble)])
  const actorOut = actor_hidden.at(-1) ?? observations
  const critic = (part: string): Weight[] => [...hidden(part, critic_hidden, observations + actions, [critics]), ...layer(`${part}.value`, 1, critic_hidden.at(-1) ?? observations + actions, [critics])]
  const actor = [...hidden('actor', actor_hidden, observations, []), ...layer('actor.mean', actions, actorOut, []), ...layer('actor.log_std', actions, actorOut, [])]
  const trained = [...actor, ...critic('critic'), { name: 'temperature.log', shape: [1], init: 'zeros', std: 0, decay: false } as const]
  const moments = trained.flatMap(({ name, shape }) => momentNames(name).map((moment): Weight => ({ name: moment, shape, init: 'zeros', std: 0, decay: false })))
  return [...trained, ...critic('target'), ...moments, { name: UPDATES, shape: [2], init: 'zeros', std: 0, decay: false }]
}

/** The weights that one part trains. */
export const weightsOfPart = ({ weights }: Pick<ModelPlan, 'weights'>, part: (typeof PARTS)[number]): readonly Weight[] => weights.filter(({ name }) => name.startsWith(`${part}.`))

function recordOf(value: Value | undefined): Readonly<Record<string, Value>> {
  return typeof value === 'object' && value !== null && 'record' in value ? value.record : {}
}
