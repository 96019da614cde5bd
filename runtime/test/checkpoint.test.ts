// Checkpoints: safetensors round trips and damage, files that are whole or absent, and fresh weights.

import { existsSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { equal, is, near, ok, suite, throws } from '../../spec/test/suite.js'
import type { ModelPlan } from '../../spec/plan/plan.js'
import { temporaryOf, writeDurably, writeFileAtomic } from '../checkpoint/atomic.js'
import { readWeights, writeModelFolder } from '../checkpoint/folder.js'
import { freshWeights } from '../checkpoint/initialise.js'
import { readSafetensors, safetensorsBytes } from '../checkpoint/safetensors.js'
import { HostError } from '../host.js'

const code = (expected: string, text = '') => (error: unknown) => error instanceof HostError && error.code === expected && error.message.includes(text)

function inFolder(body: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'rlpc-checkpoint-'))
  try {
    body(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const model: ModelPlan = {
  architecture: 'transformer',
  config: { model_type: 'llama', vocab_size: 4, hidden_size: 2, max_position_embeddings: 8, bos_token_id: 1, eos_token_id: 2, pad_token_id: 0 },
  tokenizer: { kind: 'words', vocabulary: ['<pad>', '<bos>', '<eos>', 'a'] },
  source: { scratch: true },
  weights: [
    { name: 'model.embed_tokens.weight', shape: [400, 50], init: 'normal', std: 0.02, decay: true },
    { name: 'model.norm.weight', shape: [2], init: 'ones', std: 0, decay: false },
    { name: 'bias', shape: [3], init: 'zeros', std: 0, decay: false },
  ],
}

suite('safetensors', (test) => {
  test('what is written reads back, bit by bit', () =>
    inFolder((folder) => {
      const tensors = [
        { name: 'a', shape: [2, 3], data: Float32Array.of(1, -2.5, 3e-40, Infinity, 0, 7) },
        { name: 'scalar', shape: [], data: Float32Array.of(0.1) },
        { name: 'double', shape: [1], data: Float64Array.of(0.1) },
        { name: 'empty', shape: [0, 4], data: new Float32Array(0) },
      ]
      const path = join(folder, 'x.safetensors')
      writeDurably(path, safetensorsBytes(tensors, { step: '3' }))
      const read = readSafetensors(path)
      equal([...read.tensors.values()], tensors)
      equal(read.metadata, { step: '3' })
    }))

  test('half precisions are read', () =>
    inFolder((folder) => {
      const path = join(folder, 'half.safetensors')
      const header = JSON.stringify({ f: { dtype: 'F16', shape: [5], data_offsets: [0, 10] }, b: { dtype: 'BF16', shape: [2], data_offsets: [10, 14] } })
      const length = Buffer.alloc(8)
      length.writeBigUInt64LE(BigInt(header.length))
      writeFileSync(path, Buffer.concat([length, Buffer.from(header), new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7c00, 0x3555, 0x3f80, 0xc120).buffer)]))
      const { tensors } = readSafetensors(path)
      near(tensors.get('f')?.data ?? [], [1, -2, 2 ** -24, Infinity, 0.333251953125])
      near(tensors.get('b')?.data ?? [], [1, -10])
    }))

  test('damage is found, never believed', () =>
    inFolder((folder) => {
      const path = join(folder, 'x.safetensors')
      const whole = Buffer.concat([...safetensorsBytes([{ name: 'a', shape: [4], data: new Float32Array(4) }])])
      for (const [length, why] of [[4, 'shorter'], [20, 'shorter'], [whole.length - 1, 'does not fit']] as const) {
        writeFileSync(path, whole.subarray(0, length))
        throws(() => readSafetensors(path), code('RLP8204', why))
      }
      const garbled = Buffer.from(whole)
      garbled[8] = 0
      writeFileSync(path, garbled)
      throws(() => readSafetensors(path), code('RLP8204', 'not JSON'))
      throws(() => readSafetensors(join(folder, 'missing')), code('RLP8202', 'missing'))
    }))
})

suite('atomic writes', (test) => {
  test('a full disk leaves the old file and nothing else', () => {
    if (!existsSync('/dev/full')) return
    inFolder((folder) => {
      const path = join(folder, 'weights')
      writeFileAtomic(path, 'old')
      symlinkSync('/dev/full', temporaryOf(path))
      throws(() => writeFileAtomic(path, 'new'), code('RLP8201', path))
      is(readFileSync(path, 'utf8'), 'old')
      equal(readdirSync(folder), ['weights'])
    })
  })

  test('what another process is writing is not touched', () =>
    inFolder((folder) => {
      const path = join(folder, 'weights')
      const theirs = temporaryOf(path).replace(String(process.pid), `${process.pid + 1}`)
      writeFileSync(theirs, 'half')
      writeFileAtomic(path, 'ours')
      renameSync(theirs, path)
      is(readFileSync(path, 'utf8'), 'half')
      equal(readdirSync(folder), ['weights'])
    }))

  test('a place that cannot be written is named', () =>
    inFolder((folder) => {
      writeFileSync(join(folder, 'file'), '')
      throws(() => writeFileAtomic(join(folder, 'file', 'inside'), 'x'), code('RLP8202', 'inside'))
    }))
})

suite('model folder', (test) => {
  test('fresh weights follow the plan and the seed', () => {
    const [embedding, norm, bias] = freshWeights(model, 3).map((tensor) => tensor.data) as [Float32Array, Float32Array, Float32Array]
    near(Math.sqrt(embedding.reduce((sum, x) => sum + x * x, 0) / embedding.length), 0.02, { rtol: 0.02 })
    equal([...norm, ...bias], [1, 1, 0, 0, 0])
    equal(freshWeights(model, 3)[0]?.data, embedding)
    ok(freshWeights(model, 4)[0]?.data[0] !== embedding[0])
  })

  test('a folder reads back as it was written', () =>
    inFolder((folder) => {
      const weights = freshWeights(model, 0)
      writeModelFolder(folder, model, weights)
      equal(readWeights(folder, model), weights)
      equal(readdirSync(folder).sort(), ['config.json', 'generation_config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'])
      equal(JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')).architectures, ['LlamaForCausalLM'])
    }))

  test('weights of another model are refused', () =>
    inFolder((folder) => {
      writeModelFolder(folder, model, freshWeights(model, 0))
      const [first, second, third] = model.weights as [ModelPlan['weights'][0], ModelPlan['weights'][0], ModelPlan['weights'][0]]
      throws(() => readWeights(folder, { ...model, weights: [{ ...first, shape: [50, 400] }, second, third] }), code('RLP8204', '[400, 50]'))
      throws(() => readWeights(folder, { ...model, weights: [{ ...first, name: 'other' }] }), code('RLP8204', '`other`'))
      throws(() => readWeights(join(folder, 'nowhere'), model), code('RLP8205'))
    }))
})
