// `std/served.asked`: a question to a model behind OpenAI's chat interface. One request for each question, at temperature 0, no retries:
// what a judge does is the server's matter, and what a failure counts as is the reward's.

import { flagArgument, numberArgument, recordArgument, secretArgument, textArgument, writtenArgument, type Arguments } from '../arguments.js'
import { failure } from '../codes.js'
import { Later, type HostValue } from '../host.js'
import type { Secret } from '../secrets.js'

/** Errors: RLP8105 for a place that nothing fills, RLP8107 after `time` seconds, RLP8112 when the server cannot be asked. */
export function asked(args: Arguments): HostValue | Later {
  if (!flagArgument(args, 'when')) return null
  const judge = recordArgument(args, 'judge')
  const [model, url, most, time] = [textArgument(judge, 'model'), textArgument(judge, 'url'), numberArgument(judge, 'most'), numberArgument(args, 'time')]
  const key = secretArgument(args, 'key')
  const content = filled(textArgument(args, 'ask'), recordArgument(args, 'about'))
  return new Later(async () => ({ value: await reply(`${url.replace(/\/$/, '')}/chat/completions`, { model, messages: [{ role: 'user', content }], temperature: 0, max_tokens: most }, time, key), endings: [] }))
}

function filled(ask: string, about: Arguments): string {
  return ask.replace(/\{(\w+)\}/g, (place, name: string) => {
    const value = Object.hasOwn(about, name) ? about[name] : undefined
    if (typeof value === 'number') return String(value)
    if (value === undefined) throw failure('RLP8105', `a judge is asked with the place \`${place}\`, and \`about\` has no \`${name}\``, `it has ${Object.keys(about).map((field) => `\`${field}\``).join(', ')}`)
    return writtenArgument(about, name) ?? ''
  })
}

async function reply(url: string, question: unknown, time: number, key: Secret | undefined): Promise<string> {
  const headers = { 'content-type': 'application/json', ...(key === undefined ? {} : { authorization: `Bearer ${key.reveal()}` }) }
  let response: Response
  let body: string
  try {
    response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(question), signal: AbortSignal.timeout(time * 1000) })
    body = await response.text()
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'TimeoutError') throw failure('RLP8107', `the judge at ${url} did not answer within ${time} s`, 'raise `time`, or give the server more room')
    throw failure('RLP8112', `the judge at ${url} cannot be reached`, 'start the server, or mend the judge\'s `url`')
  }
  if (!response.ok) throw failure('RLP8112', `the judge at ${url} answered ${response.status}: ${body.slice(0, 200)}`, 'see the server\'s log; a server that wants a key gets the `key` of `asked`')
  const said = content(body)
  if (said === undefined) throw failure('RLP8112', `the judge at ${url} answered something else than a chat completion: ${body.slice(0, 200)}`, 'the `url` ends before `/chat/completions`, mostly with `/v1`')
  return said
}

/** `choices[0].message.content`. */
function content(body: string): string | undefined {
  try {
    const { choices } = JSON.parse(body) as { choices?: readonly { message?: { content?: unknown } }[] }
    const said = choices?.[0]?.message?.content
    return typeof said === 'string' ? said : undefined
  } catch {
    return undefined
  }
}
