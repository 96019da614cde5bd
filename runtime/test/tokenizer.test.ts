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
      throws(() => read.encode('zebra', 'row 3'), code('RLP8005', 'row 3'))
      equal([read.size, read.pad, read.bos, read.eos], [own.size, own.pad, own.bos, own.eos])
      rmSync(folder, { recursive: true })
    }
  })
})

suite('tokenizers of model folders', (test) => {
  test('byte-level BPE without <bos>, as in the Qwen family', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rlpc-tokenizer-'))
    const vocab = { a: 0, b: 1, Ġ: 2, ab: 3, Ġab: 4, 'Ċ': 5 }
    const special = { id: 6, content: '<|end|>', single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }
    const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: true }
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify({ version: '1.0', added_tokens: [special], normalizer: null, pre_tokenizer: byteLevel, post_processor: null, decoder: byteLevel, model: { type: 'BPE', vocab, merges: ['a b', 'Ġ ab'], unk_token: null, byte_fallback: false } }))
    writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify({ tokenizer_class: 'PreTrainedTokenizerFast', eos_token: { content: '<|end|>' }, bos_token: null }))
    const tokenizer = folderTokenizer(folder)
    equal(tokenizer.encode('ab ab\nba<|end|>', ''), [3, 4, 5, 1, 0, 6])
    is(tokenizer.decode([3, 4, 5, 1, 0, 6]), 'ab ab\nba')
    equal([tokenizer.size, tokenizer.pad, tokenizer.bos, tokenizer.eos], [7, 6, null, 6])
    equal(framePrompt(tokenizer, { prompt: 'ab' }, ''), [3])
    equal([...frameExample(tokenizer, { prompt: 'ab', completion: ' ab' }, '').tokens], [3, 4, 6])
    throws(() => tokenizer.encode('z', 'row 2'), code('RLP8005', 'row 2'))
    rmSync(folder, { recursive: true })
  })

  test('a row without a field says what it has instead', () => {
    const tokenizer = vocabularyTokenizer({ kind: 'words', vocabulary: ['<pad>', '<bos>', '<eos>', 'a'] })
    const helps = (row: Record<string, unknown>, help: string) => throws(() => frameExample(tokenizer, row, 'row 1'), (error: unknown) => error instanceof HostError && error.code === 'RLP8009' && (error.help ?? '').includes(help))
    helps({ prompt: 'a', response: 'a' }, 'it has `prompt`, `response`; `rewritten(…, completion = "{response}")`')
    helps({ question: 'a', completion: 'a' }, '`rewritten(…, prompt = "{question}")`')
    helps({ messages: [] }, 'it has `messages`')
    helps({}, 'it has no fields; every row needs a `prompt`')
    helps({ prompt: 'a', completion: 3 }, 'a segment is')
  })

  test('a folder without a tokenizer is refused', () => {
    throws(() => folderTokenizer('nowhere'), code('RLP8205', 'tokenizer.json'))
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
