// `transformers` opens the folders that we write and computes the same log-probabilities.
// Needs a Python with torch and transformers, named by RLPC_PYTHON (`.ci/run` does); without one only our own side runs.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { equal, is, ok, suite } from '../../spec/test/suite.js'
import type { ModelPlan, TokenizerPlan } from '../../spec/plan/plan.js'
import { readWeights, writeModelFolder } from '../checkpoint/folder.js'
import { freshWeights } from '../checkpoint/initialise.js'
import { gridWidth } from '../engines/native/batching.js'
import { sequenceExamples } from '../engines/native/examples.js'
import { Policy } from '../engines/native/policy.js'
import { graphsOf } from '../engines/native/programs.js'
import { reference } from '../executors/reference/reference.js'
import { frameExample } from '../tokenizer/framing.js'
import { vocabularyTokenizer } from '../tokenizer/tokenizer.js'
import { copyRows, LETTERS, PlanBuilder, tinyModel } from './plans.js'

const python = process.env['RLPC_PYTHON']
const script = fileURLToPath(new URL('python/hf_logits.py', import.meta.url))

const models: Readonly<Record<string, ModelPlan>> = {
  'several layers, grouped heads': tinyModel(LETTERS, { layers: 2, width: 16, kvHeads: 1, seed: 3 }),
  'tied head': tinyModel(LETTERS, { tied: true, seed: 4 }),
  characters: { ...tinyModel(['<pad>', '<bos>', '<eos>', 'a', 'b', 'c', 'd', '?', ' ', 'é', '\n']), tokenizer: { kind: 'characters', vocabulary: ['<pad>', '<bos>', '<eos>', 'a', 'b', 'c', 'd', '?', ' ', 'é', '\n'] } },
}

/** Write a folder for the script: the model, and what our programs say of it. */
async function write(folder: string, model: ModelPlan): Promise<void> {
  const weights = freshWeights(model, 1)
  writeModelFolder(join(folder, 'policy'), model, weights)
  equal(readWeights(join(folder, 'policy'), model), weights)

  const tokenizer = vocabularyTokenizer(model.tokenizer as TokenizerPlan)
  const plan = new PlanBuilder({ m: model }).sft('s', model, { model: 'm' }, copyRows, { steps: 1 }).plan()
  const policy = await Policy.open(reference, { model, tokenizer, weights }, graphsOf(plan, plan.stages[0] as never))
  const sequences = ['b a', 'c c d a', 'a'].map((completion) => frameExample(tokenizer, { prompt: 'a b ?', completion }, ''))
  const width = gridWidth(sequences)
  const { logp } = await policy.score(sequenceExamples(sequences, policy.layout(3)), [0, 1, 2], 1)
  policy.close()
  ok([...logp.values].every((value) => value <= 0))
  const texts = ['<bos>', model.tokenizer?.kind === 'words' ? '<bos> a b ? <eos>' : '<bos>a é\nb<eos>'].map((text) => [text, tokenizer.encode(text, '')])
  const scored = sequences.map(({ tokens }, i) => [[...tokens], [...logp.values.slice(i * width, i * width + tokens.length - 1)]])
  writeFileSync(join(folder, 'expected.json'), JSON.stringify({ texts, specials: [tokenizer.pad, tokenizer.bos, tokenizer.eos], sequences: scored }))
}

suite('Hugging Face folders', (test) => {
  test(`transformers computes what we compute${python === undefined ? ' (no Python: only our side)' : ''}`, async () => {
    const home = mkdtempSync(join(tmpdir(), 'rlpc-hf-'))
    const folders = Object.keys(models).map((name) => join(home, name))
    for (const [i, model] of Object.values(models).entries()) {
      mkdirSync(folders[i] as string)
      await write(folders[i] as string, model)
    }
    if (python !== undefined) {
      const run = spawnSync(python, [script, ...folders], { encoding: 'utf8', env: { ...process.env, HF_HUB_OFFLINE: '1', CUDA_VISIBLE_DEVICES: '' } })
      is(run.status, 0, `${run.stdout}\n${run.stderr}`)
    }
    rmSync(home, { recursive: true })
  })
})
