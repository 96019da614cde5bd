// How the parser goes on after an error: it skips to where an enclosing rule could continue, over balanced groups.
// Layout has balanced the brackets, so no closer is ever missing; Chevrotain alone would resume at a separator inside
// a skipped group and then stumble over its closer.

import type { IToken, TokenType } from 'chevrotain'
import { chevrotain } from './chevrotain.js'
import { closerOf, closers, Comma, Newline } from './tokens.js'

export class RecoveringParser extends chevrotain.CstParser {
  /** Chevrotain's: the tokens at which an enclosing rule could go on. */
  declare protected flattenFollowSet: () => TokenType[]

  override canTokenTypeBeInsertedInRecovery(): boolean {
    return false
  }

  override canTokenTypeBeDeletedInRecovery(): boolean {
    const found = this.LA(1).tokenType
    return found !== Newline && found !== Comma && !closerOf.has(found) && !closers.has(found)
  }

  protected findReSyncTokenType(): TokenType {
    const targets = this.flattenFollowSet()
    let depth = 0
    for (let k = 1; ; k++) {
      const token = this.LA(k)
      const target = depth === 0 ? targets.find((type) => chevrotain.tokenMatcher(token, type)) : undefined
      if (target) return target
      if (token.tokenType === chevrotain.EOF) return chevrotain.EOF
      depth = depthAfter(token, depth)
    }
  }

  protected override SKIP_TOKEN(): IToken {
    let depth = 0
    do {
      depth = depthAfter(this.LA(1), depth)
      super.SKIP_TOKEN()
    } while (depth > 0)
    return this.LA(1)
  }
}

function depthAfter(token: IToken, depth: number): number {
  if (closerOf.has(token.tokenType)) return depth + 1
  return closers.has(token.tokenType) ? Math.max(0, depth - 1) : depth
}
