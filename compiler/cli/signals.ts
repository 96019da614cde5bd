// Lets the compiler call host signals for the tests of rewards; loads them only when a test needs one.

import type { HostCalls } from '../index.js'

export function signalsFor(root: string): HostCalls {
  return async () => {
    const { hostFunctions } = await import('../../runtime/host-functions.js')
    return (call, args) => {
      const fn = hostFunctions[call]
      if (!fn) throw new Error(`no host function ${call}`)
      return fn(args as Parameters<typeof fn>[0], { root })
    }
  }
}
