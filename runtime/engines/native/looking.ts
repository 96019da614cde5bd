// Where a policy looks: which tokens of a text play which role, and what the program `look` says of them.
// What is made of it, an objective or a reward, is the stage's.

import { askedRoles, ROLES, rolesKey, type AskedRoles } from '../../../spec/plan/looks.js'
import type { Value } from '../../../spec/plan/plan.js'
import { failure } from '../../codes.js'
import { runAll, type TensorData } from '../../executors/executor.js'
import { frameRollout, type Sequence } from '../../tokenizer/framing.js'
import type { Completion } from '../../host.js'
import { grid, SCORED, take, type Grid, type MicroBatch } from './batching.js'
import { sequenceExamples, type Examples } from './examples.js'
import type { Policy, Reader } from './policy.js'
import { completionOf, type Rollout } from './rollout.js'
import type { StageRun } from './stage.js'

export type Role = (typeof ROLES)[number]

/** The texts that open and close the tokens of a role. */
export type RoleTags = Readonly<Record<Role, readonly [open: string, close: string]>>

/** Finds tokens of roles in texts: those between the tags, and the tags. */
export class RoleFinder {
  private readonly tags: Readonly<Record<Role, readonly [open: number, close: number]>>

  /** `asked` names who asks, for messages. Errors: RLP8005, RLP8114 for a tag that is not one token. */
  constructor({ tokenizer }: Reader, tags: RoleTags, asked: string) {
    const token = (tag: string, role: Role): number => {
      const [id, ...more] = tokenizer.encode(tag, `\`${role}\` of ${asked}`)
      if (id === undefined || more.length > 0) throw failure('RLP8114', `\`${tag}\`, which opens or closes the tokens \`${role}\` of ${asked}, is ${more.length + Number(id !== undefined)} tokens`, 'name tags that are one token of this model each')
      return id
    }
    this.tags = Object.fromEntries(ROLES.map((role) => [role, tags[role].map((tag) => token(tag, role))])) as unknown as typeof this.tags
  }

  /** 1 where a token of the prompt plays the role; what a completion opens plays none. Errors: RLP8114 when none does. */
  marks({ tokens, prompt }: Pick<Sequence, 'tokens' | 'prompt'>, role: Role, place: string): Float32Array {
    const [open, close] = this.tags[role]
    const marks = new Float32Array(tokens.length)
    let inside = false
    for (let t = 0; t < prompt; t++) {
      inside ||= tokens[t] === open
      marks[t] = Number(inside)
      inside &&= tokens[t] !== close
    }
    if (!marks.includes(1)) throw failure('RLP8114', `no token of the prompt of ${place} is between the tags of \`${role}\``, 'put the tags around the tokens of that role in every prompt, or leave rows without them out with `where`')
    return marks
  }
}

/** What `look` says of each sequence: `image` and `system`, mean attention from its looking tokens, a column for each head of all layers; `ratio`, of mass on image tokens over that on system tokens, a column for each layer. */
export type Looks = Readonly<Record<Role | 'ratio', Grid>>

/** Sequences whose completions look at the roles in their prompts. */
export class LookedAt {
  readonly examples: Examples
  private readonly marks: Readonly<Record<Role | 'queries', Grid>>

  constructor(
    private readonly policy: Policy,
    sequences: readonly Sequence[],
    places: readonly string[],
    roles: RoleFinder,
  ) {
    this.examples = sequenceExamples(sequences, policy.layout(sequences.length))
    const { width, mask } = this.examples
    const marks = { image: grid(sequences.length, width), system: grid(sequences.length, width) }
    for (const role of ROLES) sequences.forEach((sequence, i) => marks[role].values.set(roles.marks(sequence, role, places[i] as string).subarray(0, width), i * width))
    this.marks = { ...marks, queries: mask }
  }

  /** The marks of a micro-batch, as `look` and the gradient that looks are fed them. */
  feeds(micro: MicroBatch): Record<string, TensorData> {
    return Object.fromEntries(Object.entries(this.marks).map(([name, marks]) => [name, take(marks, micro)]))
  }

  async looks(): Promise<Looks> {
    const { policy: { programs }, examples: { count } } = this
    const micros = this.examples.cut([...Array(count).keys()])
    const found = await runAll(programs.session, micros.map((micro) => programs.call('look', micro.sizes, { ...micro.feeds, ...this.feeds(micro) })))
    const looks: Partial<Record<string, Grid>> = {}
    micros.forEach((micro, i) => {
      for (const [name, values] of Object.entries(found[i] ?? {})) putRows((looks[name] ??= grid(count, values.length / micro.rows)), micro, values)
    })
    return looks as Looks
  }
}

/** Rows of a micro-batch whose columns are no positions, back into the grid of all samples. */
function putRows(into: Grid, { placements }: MicroBatch, values: TensorData): void {
  for (const { sample, row } of placements) into.values.set(values.subarray(row * into.width, (row + 1) * into.width), sample * into.width)
}

/** Rows of the samples of a micro-batch, zeros where it has none. */
export function takeRows(from: Grid, { rows, placements }: MicroBatch): Float32Array {
  const values = new Float32Array(rows * from.width)
  for (const { sample, row } of placements) values.set(from.values.subarray(sample * from.width, (sample + 1) * from.width), row * from.width)
  return values
}

/** Rollouts as completions, with their looks where rewards of the stage ask for them. Errors: RLP8005, RLP8114. */
export async function completionsOf({ plan, stage }: Pick<StageRun, 'plan' | 'stage'>, policy: Policy, drawn: readonly { readonly prompt: ArrayLike<number>; readonly rollout: Pick<Rollout, 'tokens' | 'finished'>; readonly place: string }[]): Promise<Completion[]> {
  const completions = drawn.map(({ rollout }) => completionOf(policy, rollout))
  if (!policy.programs.has('look')) return completions
  const sequences = drawn.map(({ prompt, rollout }) => frameRollout(prompt, rollout.tokens))
  const looks: Record<string, Grid> = {}
  for (const asked of Object.values(stage.inputs).flatMap((value) => askedRoles(plan.rewards[rewardIn(value)]?.signals ?? []))) {
    const roles = new RoleFinder(policy, tagsOf(asked, '`visual_attention`'), '`visual_attention`')
    for (let at = 0; at < sequences.length; at += SCORED) {
      const part = new LookedAt(policy, sequences.slice(at, at + SCORED), drawn.slice(at, at + SCORED).map(({ place }) => place), roles)
      const { ratio } = await part.looks()
      const all = (looks[rolesKey(asked)] ??= grid(sequences.length, ratio.width))
      all.values.set(ratio.values, at * ratio.width)
    }
  }
  return completions.map((completion, i) => ({ ...completion, looks: Object.fromEntries(Object.entries(looks).map(([key, { width, values }]) => [key, values.subarray(i * width, (i + 1) * width)])) }))
}

const rewardIn = (value: Value): string => (typeof value === 'object' && value !== null && 'reward' in value ? value.reward : '')

/** Written tags as pairs. Errors: RLP8114 where a role has none: no chat template says it here. */
export function tagsOf(written: AskedRoles, asked: string): RoleTags {
  const pairs = ROLES.map((role) => {
    const tags = written[role]
    if (Array.isArray(tags) && tags.length === 2) return [role, tags.map(String)]
    throw failure('RLP8114', `${asked} does not say which tokens are \`${role}\``, `write \`${role} = ["<${role}>", "</${role}>"]\` with the tags that open and close them in the prompts: here no chat template does`)
  })
  return Object.fromEntries(pairs) as RoleTags
}
