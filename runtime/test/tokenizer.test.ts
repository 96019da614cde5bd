// Tokenizers and framing: round trips, errors that name the place, and where <bos>, <eos> and the mask go.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { equal, is, suite, throws } from '../../spec/test/suite.js'
import { HostError } from '../host.js'
import { frameExample, framePrompt, frameRollout } from '../tokenizer/framing.js'
import { folderTokenizer, tokenizerConfigJson, tokenizerJson } from '../tokenizer/huggingface.js'
import { vocabularyTokenizer } from '../tokenizer/tokenizer.js'

const words = { kind: 'words', vocabulary: ['<pad>', '<bos>', '<eos>', 'a', 'b', '<think>'] } as const
const characters = { kind: 'characters', vocabulary: ['<pad>', '<bos>', '<eos>', 'a', 'b', ' ', 'é', '<', '\n'] } as const

const code = (expected: string, text: string) => (error: unknown) => error instanceof HostError && error.code === expected && error.message.includes(text)

suite('tokenizer', (test) => {
  test('words split at white space and come back with single spaces', () => {
    const tokenizer = vocabularyTokenizer(words)
    const ids = tokenizer.encode('<bos> a  b\n<think> <eos>', 'a text')
    equal(ids, [1, 3, 4, 5, 2])
    is(tokenizer.decode(ids), 'a b <think>')
  })

  test('characters take special tokens whole', () => {
    const tokenizer = vocabularyTokenizer(characters)
    const ids = tokenizer.encode('<bos>a é<\nb<eos>', 'a text')
    equal(ids, [1, 3, 5, 6, 7, 8, 4, 2])
    is(tokenizer.decode(ids), 'a é<\nb')
  })

  test('an unknown word is named with its place', () => {
    throws(() => vocabularyTokenizer(words).encode('a zebra', 'row 7 of `K`'), code('RLP8005', '"zebra" in row 7 of `K`'))
    throws(() => vocabularyTokenizer(characters).encode('z', 'row 1'), code('RLP8005', 'character "z"'))
  })

  test('a vocabulary must hold the specials and no token twice', () => {
    throws(() => vocabularyTokenizer({ kind: 'words', vocabulary: ['a'] }), code('RLP8006', '<pad>'))
    throws(() => vocabularyTokenizer({ kind: 'words', vocabulary: ['<pad>', '<bos>', '<eos>', 'a', 'a'] }), code('RLP8006', '`a` twice'))
  })

  test('what is written to tokenizer.json reads back as the same tokenizer', () => {
    for (const plan of [words, characters]) {
      const folder = mkdtempSync(join(tmpdir(), 'rlpc-tokenizer-'))
      writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizerJson(plan)))
      writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(tokenizerConfigJson(32)))
      const own = vocabularyTokenizer(plan)
      const read = folderTokenizer(folder)
      const text = plan.kind === 'words' ? '<bos> a b b <think> <eos>' : '<bos>a bé<\n<eos>'
      equal(read.encode(text, ''), own.encode(text, ''))
      is(read.decode(own.encode(text, '')), own.decode(own.encode(text, '')))
      equal([read.size, read.pad, read.bos, read.eos], [own.size, own.pad, own.bos, own.eos])
      rmSync(folder, { recursive: true })
    }
  })
})

suite('framing', (test) => {
  const tokenizer = vocabularyTokenizer(words)

  test('<bos> is put before a prompt once', () => {
    equal(framePrompt(tokenizer, { prompt: 'a b' }, 'row 1'), [1, 3, 4])
    equal(framePrompt(tokenizer, { prompt: '<bos> a b' }, 'row 1'), [1, 3, 4])
    equal(framePrompt(tokenizer, { prompt: '' }, 'row 1'), [1])
  })

  test('a completion is learned with its <eos>, the prompt is not', () => {
    const { tokens, learned, prompt } = frameExample(tokenizer, { prompt: 'a', completion: 'b b' }, 'row 1')
    equal([...tokens], [1, 3, 4, 4, 2])
    equal([...learned], [0, 0, 1, 1, 1])
    is(prompt, 2)
  })

  test('segments say what is learned, the last one also for <eos>', () => {
    const segments = [{ text: 'a', train: false }, { text: 'b', train: true }]
    equal([...frameExample(tokenizer, { prompt: '', completion: segments }, '').learned], [0, 0, 1, 1])
    equal([...frameExample(tokenizer, { prompt: '', completion: [...segments, { text: '<eos>', train: false }] }, '').learned], [0, 0, 1, 0])
    equal([...frameExample(tokenizer, { prompt: '', completion: [...segments].reverse() }, '').learned], [0, 1, 0, 0])
  })

  test('a rollout is learned behind its prompt', () => {
    const { tokens, learned } = frameRollout([1, 3], [4, 2])
    equal([...tokens], [1, 3, 4, 2])
    equal([...learned], [0, 0, 1, 1])
  })

  test('fields of another type are errors that name the row', () => {
    throws(() => framePrompt(tokenizer, { prompt: 3 }, 'row 5 of `K`'), code('RLP8009', 'row 5 of `K`'))
    throws(() => frameExample(tokenizer, { prompt: 'a', completion: [1] }, 'row 5'), code('RLP8009', 'completion'))
  })
})
