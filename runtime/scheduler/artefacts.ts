// What stages read: policies and datasets, from the plan's models and sources or from what earlier stages stored.

import { readFileSync } from 'node:fs'
import { relative, resolve, sep } from 'node:path'
import { lineage } from '../../spec/plan/lineage.js'
import type { ModelPlan, Plan, StagePlan, TokenizerPlan, Value } from '../../spec/plan/plan.js'
import { guarded } from '../checkpoint/atomic.js'
import { readAdapter, writeAdapterFolder } from '../checkpoint/adapter.js'
import { readWeights, writeModelFolder } from '../checkpoint/folder.js'
import { freshWeights } from '../checkpoint/initialise.js'
import type { StoredTensor } from '../checkpoint/safetensors.js'
import { failure } from '../codes.js'
import type { Dataset, Row } from '../data/dataset.js'
import { listed } from '../data/draws.js'
import { openDataset, type DataContext } from '../data/open.js'
import type { ModelWeights } from '../engines/native/model.js'
import type { PolicyWeights, Reader } from '../engines/native/policy.js'
import { folderTokenizer } from '../tokenizer/huggingface.js'
import { vocabularyTokenizer, type Tokenizer } from '../tokenizer/tokenizer.js'
import { Secrets } from '../secrets.js'
import type { Store } from '../store/store.js'

export class Artefacts {
  readonly secrets: Secrets
  private readonly data: DataContext
  private readonly stages: ReadonlyMap<string, StagePlan>
  private readonly behind: ReturnType<typeof lineage>

  constructor(
    private readonly plan: Plan,
    private readonly store: Store,
    private readonly root: string,
  ) {
    this.stages = new Map(plan.stages.map((stage) => [stage.address, stage]))
    this.behind = lineage(plan)
    this.secrets = new Secrets(plan.secrets, root)
    this.data = { root, secret: (name) => this.secrets.get(name), stageOutput: async (stage, output) => this.stored(stage, output), opened: new Map() }
  }

  dataset(value: Value): Promise<Dataset> {
    return openDataset(this.plan, value, this.data)
  }

  /** The model that a value means: one that was never trained, or what a finished stage left. */
  async model(value: Value): Promise<ModelWeights> {
    const model = this.modelOf(value)
    const source = sourceOf(model, this.root)
    return { model, weights: this.weights(value, model, source), ...(source === undefined ? {} : { source }) }
  }

  /** Whether the weights of a model in a folder are there and its own; reads names and shapes alone. Errors: RLP8202, RLP8204, RLP8205. */
  look(value: Value): void {
    const model = this.modelOf(value)
    const source = sourceOf(model, this.root)
    if (source !== undefined) readWeights(source, model)
  }

  /** As `model`, with the tokenizer of a language model. */
  async policy(value: Value): Promise<PolicyWeights> {
    const at = await this.model(value)
    return { ...at, tokenizer: this.tokenizer(at.model) }
  }

  /** How a policy reads texts, known before it is trained: its tokenizer and context. Errors: RLP8006, RLP8205. */
  reader(value: Value): Reader {
    const model = this.modelOf(value)
    return { tokenizer: this.tokenizer(model), context: Number(model.config['max_position_embeddings']) }
  }

  private tokenizer(model: ModelPlan): Tokenizer {
    const source = sourceOf(model, this.root)
    if (source === undefined && !model.tokenizer) throw new RangeError('the model is no language model')
    const tokenizer = source === undefined ? vocabularyTokenizer(model.tokenizer as TokenizerPlan) : folderTokenizer(source)
    const vocabulary = Number(model.config['vocab_size'])
    if (tokenizer.size > vocabulary) throw failure('RLP8006', `the tokenizer has ${tokenizer.size} tokens, the model only ${vocabulary}`, 'use the tokenizer that the model was trained with')
    return tokenizer
  }

  private weights(value: Value, model: ModelPlan, source: string | undefined): readonly StoredTensor[] {
    const base = this.behind(value)?.base
    if (isStage(value) && base !== undefined) return [...this.weights(base, this.modelOf(base), source), ...readAdapter(this.outputPath(value.stage, value.output), model)]
    if (isStage(value)) return readWeights(this.outputPath(value.stage, value.output), model)
    if (source !== undefined) return readWeights(source, model)
    return freshWeights(model, 'scratch' in model.source ? (model.source.seed ?? 0) : 0)
  }

  /** The plan of a model, through the stages that changed it. */
  modelOf(value: Value): ModelPlan {
    const behind = this.behind(value)
    if (!behind) throw new RangeError(`the plan has no model for ${JSON.stringify(value)}`)
    return behind.model
  }

  /** Write a model that a stage made: whole, or its adapter alone. Errors: RLP8201, RLP8202. */
  write(folder: string, { address }: StagePlan, { model, source }: Pick<ModelWeights, 'model' | 'source'>, weights: readonly StoredTensor[]): void {
    if (model.adapter) writeAdapterFolder(folder, model.adapter, weights, { base: this.underAdapter({ stage: address, output: 'policy' }), source })
    else writeModelFolder(folder, model, weights, source)
  }

  /** Where the model under an adapter lies, from the folder of the spec; undefined where it is drawn anew each time, or there is none. */
  private underAdapter(value: Value): string | undefined {
    const base = this.behind(value)?.base
    if (base === undefined) return undefined
    if (isStage(base)) return relative(this.root, this.outputPath(base.stage, base.output)).split(sep).join('/')
    const { source } = this.modelOf(base)
    return 'folder' in source ? source.folder : undefined
  }

  private stored(stage: string, output: string): Dataset {
    const path = this.outputPath(stage, output)
    const lines = guarded(path, () => readFileSync(path, 'utf8')).split('\n')
    return listed(lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row))
  }

  private outputPath(address: string, output: string): string {
    return this.store.output(this.stage(address).fingerprint, output)
  }

  private stage(address: string): StagePlan {
    const stage = this.stages.get(address)
    if (!stage) throw new RangeError(`the plan has no stage ${address}`)
    return stage
  }
}

function sourceOf({ source }: ModelPlan, root: string): string | undefined {
  return 'folder' in source ? resolve(root, source.folder) : undefined
}

function isStage(value: Value): value is { readonly stage: string; readonly output: string } {
  return typeof value === 'object' && value !== null && 'stage' in value
}
