// Chevrotain's lookahead, each decision prepared when the parser first comes to it: a file uses few of them,
// and preparing all is a third of the parser's start.

import type { ILookaheadStrategy } from 'chevrotain'
import { chevrotain } from './chevrotain.js'

type Decide = (this: unknown, ...args: never[]) => unknown

export class LazyLookahead extends chevrotain.LLkLookaheadStrategy {
  override buildLookaheadForAlternation(...of: Parameters<ILookaheadStrategy['buildLookaheadForAlternation']>): ReturnType<ILookaheadStrategy['buildLookaheadForAlternation']> {
    return lazily(() => super.buildLookaheadForAlternation(...of))
  }

  override buildLookaheadForOptional(...of: Parameters<ILookaheadStrategy['buildLookaheadForOptional']>): ReturnType<ILookaheadStrategy['buildLookaheadForOptional']> {
    return lazily(() => super.buildLookaheadForOptional(...of))
  }
}

/** Calls with the caller's `this`: Chevrotain's decisions look at the parser they are called on. */
function lazily<F extends Decide>(make: () => F): F {
  let made: F | undefined
  return function (this: unknown, ...args: Parameters<F>) {
    return (made ??= make()).apply(this, args)
  } as F
}
