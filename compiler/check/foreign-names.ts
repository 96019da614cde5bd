// Names that people bring from Python, JavaScript and YAML, and from other post-training systems, as data.
// Names of attributes that only are called otherwise here stand with their kinds, as `alias` (stdlib/stages.rlp).

/** A name and what to do instead; `write` is our spelling, where putting it in the place of the name is sure. */
export interface Foreign {
  readonly help: string
  readonly write?: string
  /** The attribute that it was meant to give, which then is not missing. */
  readonly means?: string
}

const spelt = (write: string): Foreign => ({ help: `write \`${write}\``, write })

/** Values, functions and modules. */
export const FOREIGN_VALUES: ReadonlyMap<string, Foreign> = new Map([
  ['True', spelt('true')],
  ['TRUE', spelt('true')],
  ['yes', spelt('true')],
  ['False', spelt('false')],
  ['FALSE', spelt('false')],
  ['no', spelt('false')],
  ['None', spelt('none')],
  ['null', spelt('none')],
  ['nil', spelt('none')],
  ['undefined', spelt('none')],
  ['inf', { help: 'leave the bound out, or write `none` where a setting may be off' }],
  ['nan', { help: 'there is no such number: give a value' }],
  ['round', { help: 'write `floor(x + 0.5)`' }],
  ['int', { help: 'write `floor(x)`' }],
  ['float', { help: 'leave it out: numbers need no conversion; a number in a text is read by `first_number` of std/signals' }],
  ['str', { help: 'leave it out: a text is written in quotes' }],
  ['len', { help: 'write `length(…)`; that of a completion is `length` of std/signals' }],
  ['print', { help: 'leave it out: terms of rewards and outputs of stages are recorded by themselves' }],
  ['range', { help: 'write out the list, such as `[0, 1, 2]`' }],
  ['response', spelt('completion')],
  ['output', spelt('completion')],
  ['completions', spelt('completion')],
  ['np', { help: 'leave out the module: `mean(…, over = group)`, `exp(…)`, `max(…, …)` need none' }],
  ['numpy', { help: 'leave out the module: `mean(…, over = group)`, `exp(…)`, `max(…, …)` need none' }],
  ['torch', { help: 'leave out the module: `mean(…, over = group)`, `exp(…)`, `max(…, …)` need none' }],
  ['math', { help: 'leave out the module: `exp(…)`, `log(…)`, `floor(…)` need none' }],
  ['F', { help: 'leave out the module: `exp(…)`, `sigmoid(…)`, `max(…, …)` need none' }],
])

/** Types. */
export const FOREIGN_TYPES: ReadonlyMap<string, Foreign> = new Map([
  ['str', spelt('Text')],
  ['string', spelt('Text')],
  ['String', spelt('Text')],
  ['int', spelt('Int')],
  ['integer', spelt('Int')],
  ['float', spelt('Real')],
  ['double', spelt('Real')],
  ['number', spelt('Real')],
  ['bool', spelt('Bool')],
  ['boolean', spelt('Bool')],
  ['Boolean', spelt('Bool')],
  ['list', spelt('List')],
  ['array', spelt('List')],
  ['Array', spelt('List')],
  ['set', spelt('Set')],
  ['dict', { help: 'write the fields: `{ name: Text, … }`' }],
  ['Dict', { help: 'write the fields: `{ name: Text, … }`' }],
  ['Optional', { help: 'write `Type?`' }],
  ['Union', { help: 'write `A | B`' }],
  ['Literal', { help: 'write the texts: `"a" | "b"`' }],
  ['Tensor', { help: 'write the level: `Real per token`, `Real per rollout`' }],
])

const GRPO: Foreign = { help: 'write `Grpo` with its own `advantage`, `loss` and `aggregate`; those of TRL and verl are in std/presets' }

/** Algorithms that are no kind of their own here. */
export const FOREIGN_KINDS: ReadonlyMap<string, Foreign> = new Map([
  ['PPO', { help: 'write `Grpo` with the loss `clipped`: there is no value model, advantages come from groups' }],
  ['RLOO', GRPO],
  ['DAPO', GRPO],
  ['GSPO', GRPO],
  ['CISPO', GRPO],
  ['REINFORCE', GRPO],
  ['DrGRPO', GRPO],
  ['IPO', { help: 'write `Dpo` with the loss `ipo` of std/preferences' }],
  ['SimPO', { help: 'write `Dpo` with the loss `simpo` of std/preferences' }],
  ['SFTTrainer', spelt('Sft')],
  ['GRPOTrainer', spelt('Grpo')],
  ['DPOTrainer', spelt('Dpo')],
  ['Eval', spelt('Evaluate')],
])

const WHOLE_BATCH: Foreign = { help: 'leave it out: `batch` (or `rollout.per_step`) is the whole batch of one update, on whatever machine' }
const ADAPTER: Foreign = { help: 'leave it out: every weight is trained, there are no adapters' }
const MACHINE: Foreign = { help: 'leave it out: a spec says what is computed, not on which machine' }
const SCHEDULE: Foreign = { help: 'say it in the learning rate: `optimizer { lr = cosine(peak = 1e-4, warmup = 20 steps) }` (std/schedules)' }
const REPORT: Foreign = { help: 'leave it out: every step is recorded, in the folder that `rlpc run` names' }
const UPDATES: Foreign = { help: 'say how many updates: `length = 100 steps`; prompts are drawn anew for each batch', means: 'length' }
const KL: Foreign = { help: 'say it in the loss, such as `loss = clipped_with_kl(kl = 0.01)` (std/losses)' }
const CLIP: Foreign = { help: 'say it in the loss, such as `loss = clipped(clip = 0.2..0.28)` (std/losses)' }

/** Settings of TRL, verl, Axolotl, LLaMA-Factory and OpenRLHF without a single attribute of ours. */
export const FOREIGN_SETTINGS: ReadonlyMap<string, Foreign> = new Map([
  ...['gradient_accumulation_steps', 'micro_batch_size', 'micro_train_batch_size', 'ppo_micro_batch_size', 'ppo_micro_batch_size_per_gpu', 'per_device_eval_batch_size'].map((name) => [name, WHOLE_BATCH] as const),
  ...['lora_r', 'lora_rank', 'lora_alpha', 'lora_dropout', 'lora_target', 'lora_target_modules', 'peft_config', 'use_peft', 'adapter', 'finetuning_type', 'load_in_4bit', 'load_in_8bit'].map((name) => [name, ADAPTER] as const),
  ...['bf16', 'fp16', 'tf32', 'flash_attention', 'flash_attn', 'attn_implementation', 'gradient_checkpointing', 'deepspeed', 'fsdp', 'use_vllm', 'vllm_mode', 'vllm_gpu_memory_utilization', 'gpu_memory_utilization', 'tensor_parallel_size', 'tensor_model_parallel_size', 'n_gpus_per_node', 'nnodes', 'num_gpus', 'device', 'torch_dtype', 'zero_stage', 'dataloader_num_workers'].map((name) => [name, MACHINE] as const),
  ...['warmup_ratio', 'warmup_steps', 'lr_warmup_steps', 'lr_warmup_steps_ratio', 'lr_warmup_ratio', 'lr_scheduler', 'lr_scheduler_type', 'lr_scheduler_kwargs', 'min_lr_ratio', 'warmup_style'].map((name) => [name, SCHEDULE] as const),
  ...['logging_steps', 'report_to', 'output_dir', 'run_name', 'logger', 'wandb_project', 'project_name', 'experiment_name', 'overwrite_output_dir'].map((name) => [name, REPORT] as const),
  ...['kl_coef', 'kl_loss_coef', 'use_kl_loss', 'use_kl_in_reward', 'kl_loss_type', 'init_kl_coef', 'kl_estimator', 'kl_penalty'].map((name) => [name, KL] as const),
  ...['epsilon_high', 'epsilon_low', 'clip_ratio_low', 'clip_ratio_high', 'cliprange', 'eps_clip', 'eps_clip_low_high', 'clip_ratio_c', 'delta'].map((name) => [name, CLIP] as const),
  ...['num_train_epochs', 'num_epochs', 'total_epochs', 'max_epochs'].map((name) => [name, UPDATES] as const),
  ['eval_steps', { help: 'measure with a stage of its own: `stage exam: Evaluate { … }`' }],
  ['eval_strategy', { help: 'measure with a stage of its own: `stage exam: Evaluate { … }`' }],
  ['test_freq', { help: 'measure with a stage of its own: `stage exam: Evaluate { … }`' }],
  ['val_set_size', { help: 'measure with a stage of its own: `stage exam: Evaluate { … }`' }],
  ['save_steps', { help: 'write `save { every = 100 steps }`' }],
  ['save_freq', { help: 'write `save { every = 100 steps }`' }],
  ['entropy_coeff', { help: 'say it in a loss or `aggregate` of your own, which reads `entropy`' }],
  ['mask_truncated_completions', { help: 'say it in a loss of your own, which reads `length`' }],
])
