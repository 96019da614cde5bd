// Whether the models that a stage is given beside its policy fit it: they are fed its tokens, or their weights are put beside its own.
// A table says what each input must have in common with the policy.

import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import type { ModelPlan } from '../../spec/plan/plan.js'
import { report } from '../elaborate/codes.js'
import type { StageDraft } from '../elaborate/drafts.js'
import type { CompileValue } from '../elaborate/value.js'
import { memoised } from './memoised.js'

/** Why `other` does not fit `policy`; undefined where it does, as far as the plan knows. */
type Fit = (policy: ModelPlan, other: ModelPlan) => string | undefined

interface Row {
  readonly fit: Fit
  readonly help: string
  readonly some?: true
}

/** By input. Tokenizers that lie in folders are not compared. */
const rows: Readonly<Record<string, Row>> = {
  reference: { fit: sameTokens, help: 'give a reference with the same `vocabulary`, as a policy that was trained from the same model has' },
  critic: { fit: (policy, critic) => sameTokens(policy, critic) ?? sameWeights(bodyOf(policy), bodyOf(critic)), help: 'start the critic from a policy or a reward model of the same form, or leave `critic` out' },
  policies: { fit: (policy, merged) => sameTokens(policy, merged) ?? sameWeights(policy.weights, merged.weights), help: 'merge policies that were trained from `policy`', some: true },
}

/** Diagnostics RLP5019 of one stage; `modelOf` gives the model behind a value. */
export function modelsThatDoNotFit(stage: StageDraft, policy: ModelPlan | undefined, modelOf: (value: CompileValue) => ModelPlan | undefined): readonly Diagnostic[] {
  return Object.entries(rows).flatMap(([input, { fit, help, some }]) => {
    const setting = stage.settings.get(input)
    if (!setting || !policy) return []
    const span = setting.written?.span ?? stage.span
    const items = itemsOf(setting.value)
    if (some && items.length === 0) return [report('RLP5019', span, `\`${stage.name}\` has nothing to merge`, { label: 'no policy is named here', help: 'name at least one' })]
    return items.flatMap((item) => {
      const other = modelOf(item)
      const fault = other && other !== policy ? fit(policy, other) : undefined
      const what = item.type === 'ref' ? `\`${item.to.address}\`` : 'this model'
      return fault === undefined ? [] : [report('RLP5019', span, `${what} does not fit the policy of \`${stage.name}\``, { label: fault, help })]
    })
  })
}

function itemsOf(value: CompileValue): readonly CompileValue[] {
  if (value.type === 'list') return value.items
  if (value.type === 'map') return value.values
  return value.type === 'record' ? [...value.fields.values()] : [value]
}

function sameTokens(policy: ModelPlan, other: ModelPlan): string | undefined {
  const [here, there] = [policy.tokenizer, other.tokenizer]
  if (!here || !there) return undefined
  if (here.kind !== there.kind) return `it reads ${there.kind}, and the policy ${here.kind}`
  return differingWord(here.vocabulary)(there.vocabulary)
}

/** Instances of a stage mostly have the same two. */
const differingWord = memoised((here: readonly string[]) =>
  memoised((there: readonly string[]): string | undefined => {
    const word = (index: number, of: readonly string[]): string => (index < of.length ? `\`${of[index]}\`` : 'none')
    const at = Array.from({ length: Math.max(here.length, there.length) }, (_, i) => i).find((i) => here[i] !== there[i])
    return at === undefined ? undefined : `its vocabulary is another: token ${at} is ${word(at, there)}, and the policy's ${word(at, here)}`
  }),
)

type Weights = ModelPlan['weights']

const sizes = (shape: readonly number[] | undefined): string => (shape ? `[${shape.join(', ')}]` : 'missing')

function sameWeights(here: Weights, there: Weights): string | undefined {
  const [ours, theirs] = [here, there].map((weights) => new Map(weights.map(({ name, shape }) => [name, shape]))) as [Map<string, readonly number[]>, Map<string, readonly number[]>]
  const name = [...ours.keys(), ...theirs.keys()].find((one) => ours.get(one)?.join() !== theirs.get(one)?.join())
  return name === undefined ? undefined : `its weights are of another form: \`${name}\` is ${sizes(theirs.get(name))}, and the policy's ${sizes(ours.get(name))}`
}

/** What a critic has of a policy or a reward model: all but their heads, and no adapter. */
const bodyOf = ({ weights }: ModelPlan): Weights => weights.filter(({ name }) => name !== 'lm_head.weight' && name !== 'score.weight' && !name.includes('.lora_'))
