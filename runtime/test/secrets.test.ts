// Secrets: read when a run needs them, found missing before its first step, and in nothing that it writes or tells.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { equal, is, ok, suite, throws } from '../../spec/test/suite.js'
import type { Plan } from '../../spec/plan/plan.js'
import { listed } from '../data/draws.js'
import { sources } from '../data/sources.js'
import { HostError } from '../host.js'
import { Secret, Secrets } from '../secrets.js'
import { copyRows, inHome, LETTERS, PlanBuilder, tinyModel } from './plans.js'

const TEXT = 'hf_Zq/9+x "ü" 17'
const code = (wanted: string, message: RegExp) => (error: unknown) => error instanceof HostError && error.code === wanted && message.test(error.message)

suite('secrets', (test) => {
  test('come from the environment or a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rlpc-secret-'))
    writeFileSync(join(folder, 'token.txt'), 'from a file\n')
    const secrets = new Secrets([{ name: 'a', environment: 'A' }, { name: 'b', file: 'token.txt' }], folder, { A: TEXT })
    is(secrets.get('a').reveal(), TEXT)
    is(secrets.get('b').reveal(), 'from a file')
    rmSync(folder, { recursive: true })
  })

  test('that are not there are named, with the place they are looked for', () => {
    const secrets = new Secrets([{ name: 'a', environment: 'A_KEY' }, { name: 'b', file: 'nowhere.txt' }, { name: 'c', environment: 'EMPTY' }, { name: 'd', environment: 'SHORT' }], '/', { EMPTY: '', SHORT: 'abc' })
    throws(() => secrets.get('a'), code('RLP8109', /`a`.*A_KEY is missing/))
    throws(() => secrets.get('b'), code('RLP8109', /`b`.*nowhere\.txt` is missing/))
    throws(() => secrets.get('c'), code('RLP8109', /EMPTY is empty/))
    throws(() => secrets.get('d'), code('RLP8109', /fewer than 4/))
    throws(() => secrets.get('e'), code('RLP8109', /no secret `e`/))
  })

  test('show their name wherever they are printed', () => {
    const secret = new Secret('a', TEXT)
    equal([`${String(secret)}`, JSON.stringify({ secret }), inspect({ secret })], ['[secret a]', '{"secret":"[secret a]"}', '{ secret: [secret a] }'])
    ok(!JSON.stringify(Object.entries(secret)).includes('hf_'))
  })

  test('are taken out of texts in every form that a program may print them in', () => {
    const secrets = new Secrets([{ name: 'a', environment: 'A' }, { name: 'other', environment: 'NOT_SET' }], '/', { A: TEXT })
    const bytes = Buffer.from(TEXT)
    for (const form of [TEXT, encodeURIComponent(TEXT), JSON.stringify(TEXT), bytes.toString('hex'), bytes.toString('base64'), bytes.toString('base64url'), Buffer.from(`user:${TEXT}`).toString('base64'), Buffer.from(`id=${TEXT}&x`).toString('base64url')]) {
      const shown = secrets.redact(`before ${form} after`)
      ok(shown.includes('[secret a]') && shown.startsWith('before ') && shown.endsWith(' after'), shown)
      for (const text of shown.split(/[^\w+/-]+/)) ok(!Buffer.from(text, 'base64').toString('latin1').includes('Zq/9+x'), shown)
    }
    equal(secrets.redact({ [`k ${TEXT}`]: [1, null, true, { deep: TEXT }], n: 2 }), { 'k [secret a]': [1, null, true, { deep: '[secret a]' }], n: 2 })
  })
})

suite('secrets: in a run', (test) => {
  const model = tinyModel(LETTERS)
  /** A source that asks for a secret, and gives it away in its rows and, when it is told to, in an error. */
  const registry = sources as Record<string, (typeof sources)[string]>
  registry['test/hub.rows'] = (args) => {
    const token = args['token'] as Secret
    if (args['name'] === 'broken') throw new Error(`the hub does not like ${token.reveal()}`)
    return listed([{ prompt: 'a ?', answer: 'b', note: `asked with ${token.reveal()} and ${Buffer.from(token.reveal()).toString('base64')}` }])
  }
  const planWith = (name: string): Plan => {
    const data = { call: 'test/hub.rows', args: { name, token: { secret: 'hub_token' } } }
    const plan = new PlanBuilder({ m: model })
      .sft('first', model, { model: 'm' }, copyRows, { steps: 1, batch: 2 })
      .completing('asked', 'Generate', model, { policy: { stage: 'first', output: 'policy' }, prompts: data })
      .plan()
    return { ...plan, secrets: [{ name: 'hub_token', environment: 'RLPC_TEST_HUB_TOKEN' }] }
  }
  const withSecret = async (text: string | undefined, body: () => Promise<void>): Promise<void> => {
    if (text === undefined) delete process.env['RLPC_TEST_HUB_TOKEN']
    else process.env['RLPC_TEST_HUB_TOKEN'] = text
    try {
      await body()
    } finally {
      delete process.env['RLPC_TEST_HUB_TOKEN']
    }
  }
  /** All bytes under a folder, as text. */
  const everything = (folder: string): string =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)).filter((path) => statSync(path).isFile()).map((path) => readFileSync(path, 'latin1')).join('\n')

  test('a missing one is told before the first stage trains, with its variable and the stage', () =>
    withSecret(undefined, () =>
      inHome(async (_home, run) => {
        const { result, events } = await run(planWith('facts'))
        is(result.outcome, 'failed')
        equal(result.stages.map(({ address, status }) => `${address} ${status}`), ['first stopped', 'asked failed'])
        is(result.stages[1]?.error?.code, 'RLP8109')
        ok(result.stages[1]?.error?.message.includes('RLPC_TEST_HUB_TOKEN'))
        is(events.filter(({ type }) => type === 'step').length, 0)
      })))

  test('it reaches the function that asks for it, and no file and no event', () =>
    withSecret(TEXT, () =>
      inHome(async (home, run) => {
        for (const [name, outcome] of [['facts', 'done'], ['broken', 'failed']] as const) {
          const { result, events } = await run(planWith(name))
          is(result.outcome, outcome, JSON.stringify(result.stages))
          const written = everything(join(home, '.rlp'))
          ok(written.includes('[secret hub_token]'))
          for (const part of [written, JSON.stringify(events), JSON.stringify(result)]) {
            for (const form of ['hf_Zq/9', Buffer.from(TEXT).toString('base64').slice(0, 12), encodeURIComponent(TEXT)]) ok(!part.includes(form), form)
          }
        }
      })))
})
