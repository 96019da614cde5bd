// Judges against a server of our own: what is asked, what counts as an answer, and every way in which there is none.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Arguments } from '../arguments.js'
import { HostCalls } from '../host-calls.js'
import { HostError, Later } from '../host.js'
import { Secret } from '../secrets.js'
import { asked } from '../signals/judge.js'
import { equal, is, ok, suite } from '../../spec/test/suite.js'

/** Serves one answer to every request and remembers what was asked. */
async function serving(status: number, body: string, work: (url: string, requests: unknown[]) => Promise<void>): Promise<void> {
  const requests: unknown[] = []
  const server: Server = createServer((request, response) => {
    let text = ''
    request.on('data', (part) => (text += part))
    request.on('end', () => {
      const { authorization } = request.headers
      requests.push({ path: request.url, ...(authorization === undefined ? {} : { authorization }), ...(JSON.parse(text) as object) })
      if (status !== 0) response.writeHead(status).end(body)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, requests)
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
}

const call = (url: string, more: Arguments = {}): Arguments => ({ judge: { model: 'judge-1.5b', url, most: 16 }, ask: 'Is {given} the same as {right} ({points})?', about: { given: { text: '4', tokens: 1, finished: true }, right: '5', points: 3 }, when: true, time: 5, ...more })

async function failureOf(args: Arguments): Promise<HostError> {
  try {
    await (asked(args) as Later).start()
  } catch (error) {
    if (error instanceof HostError) return error
  }
  throw new Error('it should have failed')
}

suite('judges', (test) => {
  test('the question is filled in, sent once for equal calls, and the reply is the value', async () => {
    await serving(200, JSON.stringify({ choices: [{ message: { content: 'yes' } }] }), async (url, requests) => {
      const calls = new HostCalls({ root: '.' })
      equal(await calls.each([1, 2], () => calls.call('std/served.asked', call(url))), ['yes', 'yes'])
      equal(requests, [{ path: '/v1/chat/completions', model: 'judge-1.5b', messages: [{ role: 'user', content: 'Is 4 the same as 5 (3)?' }], temperature: 0, max_tokens: 16 }])
    })
  })

  test('a key is sent to the server, and no call or failure shows it', async () => {
    const key = new Secret('token', 'sk-0123456789')
    await serving(401, 'no', async (url, requests) => {
      const failed = await failureOf(call(url, { key }))
      is((requests[0] as { authorization?: string }).authorization, 'Bearer sk-0123456789')
      ok(!JSON.stringify([call(url, { key }), failed.message, failed.help]).includes('sk-0123'))
    })
  })

  test('a judge that is not needed is not asked', () => is(asked(call('http://127.0.0.1:1/v1', { when: false })), null))

  test('a server that refuses, is no judge or is not there fails with RLP8112', async () => {
    await serving(404, 'no such model', async (url) => {
      const error = await failureOf(call(url))
      is(error.code, 'RLP8112')
      ok(error.message.includes('answered 404: no such model'), error.message)
    })
    await serving(200, '<html>', async (url) => is((await failureOf(call(url))).code, 'RLP8112'))
    await serving(200, '', async (url) => is((await failureOf(call(url))).code, 'RLP8112'))
    is((await failureOf(call('http://127.0.0.1:1/v1'))).code, 'RLP8112')
  })

  test('one that does not answer has timed out', async () => {
    await serving(0, '', async (url) => is((await failureOf(call(url, { time: 0.05 }))).code, 'RLP8107'))
  })

  test('a place that nothing fills is a mistake of the call', () => {
    try {
      asked(call('http://127.0.0.1:1/v1', { about: {} }))
      ok(false)
    } catch (error) {
      is((error as HostError).code, 'RLP8105')
    }
  })
})
