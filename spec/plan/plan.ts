// The plan format: what the compiler writes and the runtime runs. JSON, canonical (sorted keys), a pure function of sources and parameters.
// Types only; the JSON schema is `spec/schemas/plan.schema.json`, hashing is in `canonical.ts`.

import type { Graph } from '../graph/graph.js'
import type { AdapterPlan } from './adapters.js'
import type { PathsPlan } from './paths.js'
import type { AttentionPlan } from './reweighed.js'

/** A value in a plan. Quantities keep their canonical unit (`steps`, `tokens`, `samples`, `seconds`, `bytes`, …). */
export type Value =
  | null
  | boolean
  | number
  | string
  | readonly Value[]
  | QuantityValue
  | RangeValue
  | RecordValue
  | CallValue
  | RefValue
  | FunctionValue
  | ExprValue
  | SecretValue

/** `Array.isArray` does not narrow readonly arrays. */
export const isList = (value: Value): value is readonly Value[] => Array.isArray(value)

export interface QuantityValue { readonly value: number; readonly unit: string }
/** `0.2..0.28`; `null` = open end. */
export interface RangeValue { readonly low: number | null; readonly high: number | null }
export interface RecordValue { readonly record: Readonly<Record<string, Value>> }
/** A call of an `extern fn`, run by the host: `{ call: "std/tasks/knights.puzzles", args: {…} }`. All arguments by name, defaults filled in. */
export interface CallValue { readonly call: string; readonly args: Readonly<Record<string, Value>> }
/** A thing of the plan: a model, dataset, curriculum, reward (optionally one term of it) or a stage's output. */
export type RefValue =
  | { readonly model: string }
  | { readonly dataset: string }
  | { readonly curriculum: string }
  | { readonly reward: string; readonly term?: string }
  | { readonly stage: string; readonly output: string }
/** A function of the language, already lowered into the stage's programs; kept for people and for `diff`. */
export interface FunctionValue { readonly fn: string; readonly args: Readonly<Record<string, Value>> }
/** An attribute that only the running stage can evaluate: `Filter.keep`, over `row`. */
export interface ExprValue { readonly expr: Expr }
/** An argument that the host takes from where `Plan.secrets` says; its text is never in a plan. */
export interface SecretValue { readonly secret: string }

/**
 * An expression evaluated by the host while it runs: filters over rows, reward terms, gates, claims.
 * Names are `row`, `completion`, `clock`, `metrics` as the place allows.
 */
export type Expr =
  | { readonly const: Value }
  | { readonly name: string }
  | { readonly field: string; readonly of: Expr }
  | { readonly op: string; readonly args: readonly Expr[] }
  | { readonly if: Expr; readonly then: Expr; readonly else: Expr }
  | { readonly call: string; readonly args: Readonly<Record<string, Expr>> }
  /** A metric of a finished stage: `exam["S","warm",0].accuracy`. */
  | { readonly stage: string; readonly metric: string }

export interface ModelPlan {
  /** What its weights mean; which engine can compute it is in `engines.ts`. */
  readonly architecture: 'transformer' | 'experts' | 'gpt_neox' | 'mlp' | 'resnet' | 'served' | 'agent'
  /** Sizes as in a Hugging Face `config.json` (`hidden_size`, `num_hidden_layers`, …). */
  readonly config: Readonly<Record<string, ConfigValue | Readonly<Record<string, ConfigValue>>>>
  /** `null` for models that read no text, or whose tokenizer is only named in `config`. */
  readonly tokenizer: TokenizerPlan | null
  /** `scratch`, drawn from `seed`; the folder of a Hugging Face model; or its repository on the hub, or by which name a server knows it. */
  readonly source: { readonly scratch: true; readonly seed?: number } | { readonly folder: string } | { readonly repository: string; readonly revision?: string }
  /** Weight tensors in order: Hugging Face name, shape, and how a new one is drawn. */
  readonly weights: readonly { readonly name: string; readonly shape: readonly number[]; readonly init: 'normal' | 'uniform' | 'ones' | 'zeros'; readonly std: number; readonly decay: boolean; /** It stands still while an adapter is trained. */ readonly frozen?: true }[]
  /** The adapter that a `Lora` put on it; never in a plan's own models, but of those behind its stages (`lineage.ts`). */
  readonly adapter?: AdapterPlan
  /** What an `IsolatePaths` made of it; likewise. */
  readonly paths?: PathsPlan
  /** What a `ReweighAttention` made of it; likewise. */
  readonly attention?: AttentionPlan
}

export type ConfigValue = number | string | boolean | readonly string[] | readonly number[]

export interface TokenizerPlan {
  readonly kind: 'words' | 'characters'
  readonly vocabulary: readonly string[]
}

export interface DatasetPlan {
  readonly source: Value
  /** Over `row`. */
  readonly where?: Expr
  /** Rows are drawn so that each value of this expression is equally likely. */
  readonly balance?: Expr
  readonly skip?: number
  readonly take?: number
  /** Field name → type in words, for checks of data that is read at run time. */
  readonly row: Readonly<Record<string, string>>
}

export interface RewardPlan {
  /** Host-computed numbers, each with the range that its signal declares (null = unbounded). */
  readonly signals: readonly { readonly name: string; readonly expr: Expr; readonly range: RangeValue }[]
  /** Terms that are logged, in order, and `total`; each an output of the reward's graph over the signals. */
  readonly terms: readonly { readonly name: string; readonly range: RangeValue; /** Only logged: the total never reads it, nor is it an objective. */ readonly measure?: true }[]
  readonly total: RangeValue
  /** Program: inputs are signals `[N]`, fetches are the terms and `total`, `[N]`. */
  readonly program: string
  readonly onError: number | 'stop'
  readonly onTimeout: number | 'stop'
  readonly onMissing: number | 'stop'
}

export interface CurriculumPlan {
  /** Phases in order; the stage moves on when `advance` holds or `most` steps are done, not before `least`. */
  readonly phases: readonly { readonly name: string; readonly data: Value; readonly where?: Expr; readonly least: number; readonly most: number | null; readonly advance?: Expr }[]
}

export interface StagePlan {
  /** `rl["warm",0]`. */
  readonly address: string
  readonly name: string
  readonly keys: Readonly<Record<string, string | number>>
  readonly kind: string
  /** What runs it; `null` when no engine can. */
  readonly engine: string | null
  /** Why no engine can run it; only then. */
  readonly obstacle?: string
  /** Every attribute of the kind, sections nested as records, defaults filled in. */
  readonly attributes: Readonly<Record<string, Value>>
  /** Paths of attributes that the spec wrote itself (`optimizer.lr`), for `rlpc plan`. */
  readonly written: readonly string[]
  /** The `input`s of the kind. */
  readonly inputs: Readonly<Record<string, Value>>
  /** Role → key into `Plan.programs`. Which roles a kind has is said in `spec/plan/README.md`. */
  readonly programs: Readonly<Record<string, string>>
  readonly seed: number
  /** Addresses of the stages that must be done first, sorted. */
  readonly needs: readonly string[]
  /** Numbers for people; not part of the fingerprint. */
  readonly estimate: { readonly steps?: number; readonly tokens?: number; readonly flops?: number; readonly batch?: string; readonly reward?: RangeValue }
  readonly fingerprint: string
}

export interface ClaimPlan {
  readonly name: string
  readonly doc: string
  /** One check per key (per seed); `text` is the comparison as written. */
  readonly text: string
  readonly checks: readonly { readonly key: string; readonly expr: Expr }[]
  /** How many checks must hold; all when absent. */
  readonly atLeast?: number
  /** Of a gate: addresses of the stages that run only when it holds, sorted. */
  readonly before?: readonly string[]
}

export interface Plan {
  readonly format: 1
  readonly edition: 1
  readonly compiler: string
  readonly name: string
  readonly variant: string | null
  readonly parameters: readonly { readonly name: string; readonly value: Value; readonly origin: 'default' | 'variant' | 'command line' }[]
  readonly models: Readonly<Record<string, ModelPlan>>
  readonly datasets: Readonly<Record<string, DatasetPlan>>
  readonly rewards: Readonly<Record<string, RewardPlan>>
  readonly curricula: Readonly<Record<string, CurriculumPlan>>
  /** Content hash → graph. */
  readonly programs: Readonly<Record<string, Graph>>
  /** Sorted by address. */
  readonly stages: readonly StagePlan[]
  readonly claims: readonly ClaimPlan[]
  readonly outputs: Readonly<Record<string, Value>>
  readonly secrets: readonly SecretPlan[]
}

/** Where a secret is found when the plan runs: an environment variable, or a file (its path starts at the folder of the spec). */
export type SecretPlan = { readonly name: string; readonly environment: string } | { readonly name: string; readonly file: string }
