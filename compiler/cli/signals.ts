// Lets the compiler call host signals for the tests of rewards; loads them only when a test needs one.

import type { HostCalls } from '../index.js'

export function signalsFor(root: string): HostCalls {
  return async () => {
    const runtime = await import('../../runtime/host-calls.js')
    const calls = new runtime.HostCalls({ root })
    return Object.assign((call: string, args: Readonly<Record<string, unknown>>) => calls.call(call, args as Parameters<typeof calls.call>[1]), { settle: () => calls.settle() })
  }
}
