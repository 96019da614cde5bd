// The words that declarations begin with: where each may stand and which kinds it takes. A new word is a row here.

/** What a top-level word takes. `category` = its type annotation is a kind of that category. */
export interface TopWord {
  readonly category?: string
  /** Kind of the prelude that is meant without an annotation. */
  readonly kind?: string
  /** May be written `word name = value`. */
  readonly value?: 'optional' | 'required'
  /** May be declared once for each key (`for k in set`). */
  readonly keys?: true
}

export const TOP_WORDS: Readonly<Record<string, TopWord>> = {
  param: { value: 'optional' },
  const: { value: 'required' },
  secret: { value: 'required' },
  model: { category: 'Model', keys: true },
  dataset: { category: 'Data', kind: 'Dataset', value: 'optional', keys: true },
  reward: { category: 'Reward', kind: 'Reward', keys: true },
  curriculum: { category: 'Curriculum', kind: 'Curriculum', keys: true },
  env: { category: 'Env', keys: true },
  stage: { category: 'Stage', keys: true },
  claim: { category: 'Claim', kind: 'Claim' },
  pipeline: { category: 'Pipeline', kind: 'Pipeline' },
  variant: {},
  kind: {},
}

/** Words of the grammar itself; listed for suggestions. */
export const GRAMMAR_WORDS: readonly string[] = ['fn', 'extern', 'type', 'test', 'import']

/** Words inside another declaration → the words of the declarations they may stand in. */
export const MEMBER_WORDS: Readonly<Record<string, readonly string[]>> = {
  term: ['reward'],
  measure: ['reward'],
  phase: ['curriculum'],
  input: ['kind'],
  attribute: ['kind', 'section'],
  output: ['kind'],
  section: ['kind'],
  alias: ['kind', 'section'],
}

/** What a model may be beside a language model: `kind Mlp: Model[Classifier]`. */
export const MODELS: readonly string[] = ['Classifier']

/** Categories that a `kind` can be of. */
export const CATEGORIES: readonly string[] = ['Stage', 'Model', 'Data', 'Reward', 'Curriculum', 'Env', 'Claim', 'Pipeline', 'Section']
