// Tests of the `tensorflow` executor run where it is installed, and say so where they do not.
// RLPC_TENSORFLOW=required makes a missing installation a failure: in CI nothing is skipped.

import { installed } from '../executors/tensorflow/install/place.js'
import { suite } from '../../spec/test/suite.js'

type Define = Parameters<typeof suite>[1]

export function tensorflowSuite(name: string, define: Define): void {
  const place = installed()
  if (!('problem' in place)) return suite(name, define)
  const reason = `${place.problem}: ${place.help}`
  suite(`${name} (skipped: ${reason})`, (test) => {
    test('is skipped', () => {
      if (process.env['RLPC_TENSORFLOW'] === 'required') throw new Error(reason)
    })
  })
}
