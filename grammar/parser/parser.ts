// The grammar of `.rlp` as a recovering parser: tokens → concrete syntax tree.
// Binary expressions stay flat and slips such as `:` for `=` are accepted here; lowering sorts them out.

import type { CstNode, IParserErrorMessageProvider, IToken, ParserMethod, TokenType } from 'chevrotain'
import { chevrotain } from './chevrotain.js'
import * as t from './tokens.js'

const { CstParser } = chevrotain
type Rule = ParserMethod<[], CstNode>

export interface ParserOptions {
  /** Checks the grammar itself (ambiguities, left recursion); a test does so, a run does not. */
  readonly validate: boolean
  readonly messages?: IParserErrorMessageProvider
}

export class RlpParser extends CstParser {
  /** Chevrotain's: the tokens at which an enclosing rule could go on. */
  declare protected flattenFollowSet: () => TokenType[]

  constructor({ validate, messages }: ParserOptions) {
    super(t.vocabulary, {
      maxLookahead: 1, // rules that need two tokens say so; start-up takes a third less
      recoveryEnabled: true,
      nodeLocationTracking: 'onlyOffset',
      skipValidations: !validate,
      ...(messages ? { errorMessageProvider: messages } : {}),
    })
    this.performSelfAnalysis()
  }

  // Lists are `[x] { "," [x] }`: an empty place is legal here, so that recovery can resume at the next comma;
  // lowering reports it.

  // ── files ────────────────────────────────────────────────────────────────────────────────────────

  readonly module: Rule = this.RULE('module', () => {
    this.OPTION(() => this.SUBRULE(this.top))
    this.MANY(() => {
      this.CONSUME(t.Separator)
      this.OPTION1(() => this.SUBRULE1(this.top))
    })
  })

  readonly top: Rule = this.RULE('top', () => {
    this.OR({
      MAX_LOOKAHEAD: 2,
      DEF: [
        { ALT: () => this.SUBRULE(this.edition) },
        { ALT: () => this.SUBRULE(this.import) },
        { ALT: () => this.SUBRULE(this.item) },
      ],
      IGNORE_AMBIGUITIES: true, // `rlp` and `import` are names elsewhere
    })
  })

  readonly edition: Rule = this.RULE('edition', () => {
    this.CONSUME(t.Rlp)
    this.OPTION(() => this.SUBRULE(this.expression))
  })

  readonly import: Rule = this.RULE('import', () => {
    this.CONSUME(t.Import)
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.LeftCurly)
          this.OPTION(() => this.SUBRULE(this.importName))
          this.MANY(() => {
            this.CONSUME(t.Separator)
            this.OPTION1(() => this.SUBRULE1(this.importName))
          })
          this.CONSUME(t.RightCurly)
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.Star)
          this.CONSUME(t.As)
          this.CONSUME(t.Word)
        },
      },
    ])
    this.CONSUME(t.From)
    this.SUBRULE(this.expression)
  })

  readonly importName: Rule = this.RULE('importName', () => {
    this.CONSUME(t.Word)
    this.OPTION(() => {
      this.CONSUME(t.As)
      this.CONSUME1(t.Word)
    })
  })

  // ── declarations ─────────────────────────────────────────────────────────────────────────────────

  readonly item: Rule = this.RULE('item', () => {
    this.OR({
      MAX_LOOKAHEAD: 2,
      DEF: [
        { ALT: () => this.SUBRULE(this.functionDeclaration) },
        { ALT: () => this.SUBRULE(this.typeDeclaration) },
        { ALT: () => this.SUBRULE(this.testDeclaration) },
        { ALT: () => this.SUBRULE(this.declaration) },
        { ALT: () => this.SUBRULE(this.attribute) },
      ],
      IGNORE_AMBIGUITIES: true, // the first that fits: `fn f`, `type T`, `test r` before `word name`
    })
  })

  readonly declaration: Rule = this.RULE('declaration', () => {
    this.CONSUME(t.Word)
    this.CONSUME1(t.Word)
    this.OPTION(() => this.SUBRULE(this.typeParameters))
    this.OPTION1(() => this.SUBRULE(this.typeAnnotation))
    this.OPTION2(() => {
      this.CONSUME(t.For)
      this.SUBRULE(this.instanceKey)
      this.MANY({
        GATE: () => this.LA(3).tokenType === t.In,
        DEF: () => {
          this.CONSUME(t.Comma)
          this.SUBRULE1(this.instanceKey)
        },
      })
    })
    this.OPTION3(() => {
      this.OR([
        {
          ALT: () => {
            this.CONSUME(t.Equals)
            this.SUBRULE(this.value)
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.From)
            this.SUBRULE1(this.value)
          },
        },
        { ALT: () => this.SUBRULE(this.block) },
      ])
    })
  })

  readonly instanceKey: Rule = this.RULE('instanceKey', () => {
    this.CONSUME(t.Word)
    this.CONSUME(t.In)
    this.SUBRULE(this.binary)
  })

  readonly typeParameters: Rule = this.RULE('typeParameters', () => {
    this.CONSUME(t.LeftSquare)
    this.OPTION(() => this.CONSUME(t.Word))
    this.MANY(() => {
      this.CONSUME(t.Comma)
      this.OPTION1(() => this.CONSUME1(t.Word))
    })
    this.CONSUME(t.RightSquare)
  })

  readonly typeAnnotation: Rule = this.RULE('typeAnnotation', () => {
    this.CONSUME(t.Colon)
    this.SUBRULE(this.type)
  })

  /** What follows `=`; may be missing, which lowering reports. */
  readonly value: Rule = this.RULE('value', () => {
    this.OPTION(() => this.SUBRULE(this.expression))
  })

  readonly block: Rule = this.RULE('block', () => {
    this.CONSUME(t.LeftCurly)
    this.OPTION(() => this.SUBRULE(this.item))
    this.MANY(() => {
      this.CONSUME(t.Separator)
      this.OPTION1(() => this.SUBRULE1(this.item))
    })
    this.CONSUME(t.RightCurly)
  })

  /** `path = value`, `name { … }`; also `path value` and `path`, which lowering reports. */
  readonly attribute: Rule = this.RULE('attribute', () => {
    this.CONSUME(t.Word)
    this.MANY(() => {
      this.CONSUME(t.Dot)
      this.CONSUME1(t.Word)
    })
    this.OPTION(() => {
      this.OR({
        DEF: [
          {
            ALT: () => {
              this.CONSUME(t.Assign)
              this.SUBRULE(this.value)
            },
          },
          { ALT: () => this.SUBRULE(this.block) },
          { ALT: () => this.SUBRULE(this.binary) },
        ],
        IGNORE_AMBIGUITIES: true, // `{` begins a section rather than a record without its `=`
      })
    })
  })

  readonly functionDeclaration: Rule = this.RULE('functionDeclaration', () => {
    this.OPTION(() => this.CONSUME(t.Extern))
    this.CONSUME(t.Fn)
    this.CONSUME(t.Word)
    this.OPTION1(() => this.SUBRULE(this.typeParameters))
    this.CONSUME(t.LeftParen)
    this.OPTION2(() => this.SUBRULE(this.parameter))
    this.MANY(() => {
      this.CONSUME(t.Separator)
      this.OPTION3(() => this.SUBRULE1(this.parameter))
    })
    this.CONSUME(t.RightParen)
    this.OPTION4(() => this.SUBRULE(this.typeAnnotation))
    this.OPTION5(() => {
      this.OR([
        {
          ALT: () => {
            this.CONSUME(t.Equals)
            this.SUBRULE(this.value)
          },
        },
        { ALT: () => this.SUBRULE(this.functionBody) },
      ])
    })
  })

  readonly parameter: Rule = this.RULE('parameter', () => {
    this.CONSUME(t.Word)
    this.SUBRULE(this.typeAnnotation)
    this.OPTION(() => {
      this.CONSUME(t.Equals)
      this.SUBRULE(this.value)
    })
  })

  readonly functionBody: Rule = this.RULE('functionBody', () => {
    this.CONSUME(t.LeftCurly)
    this.OPTION(() => this.SUBRULE(this.bodyLine))
    this.MANY(() => {
      this.CONSUME(t.Separator)
      this.OPTION1(() => this.SUBRULE1(this.bodyLine))
    })
    this.CONSUME(t.RightCurly)
  })

  readonly bodyLine: Rule = this.RULE('bodyLine', () => {
    this.OR({
      MAX_LOOKAHEAD: 2,
      DEF: [{ ALT: () => this.SUBRULE(this.binding) }, { ALT: () => this.SUBRULE(this.expression) }],
      IGNORE_AMBIGUITIES: true, // `let` may be a name: `let + 1`
    })
  })

  /** `let x: T = e`; also `x = e`, which lowering reports. */
  readonly binding: Rule = this.RULE('binding', () => {
    this.OR({
      MAX_LOOKAHEAD: 2,
      DEF: [
        {
          ALT: () => {
            this.CONSUME(t.Let)
            this.CONSUME(t.Word)
            this.OPTION(() => this.SUBRULE(this.typeAnnotation))
          },
        },
        { ALT: () => this.CONSUME1(t.Word) },
      ],
      IGNORE_AMBIGUITIES: true,
    })
    this.CONSUME(t.Equals)
    this.SUBRULE(this.value)
  })

  readonly typeDeclaration: Rule = this.RULE('typeDeclaration', () => {
    this.CONSUME(t.Type)
    this.CONSUME(t.Word)
    this.CONSUME(t.Equals)
    this.SUBRULE(this.type)
  })

  readonly testDeclaration: Rule = this.RULE('testDeclaration', () => {
    this.CONSUME(t.Test)
    this.CONSUME(t.Word)
    this.CONSUME(t.LeftCurly)
    this.OPTION(() => this.SUBRULE(this.testCase))
    this.MANY(() => {
      this.CONSUME(t.Separator)
      this.OPTION1(() => this.SUBRULE1(this.testCase))
    })
    this.CONSUME(t.RightCurly)
  })

  readonly testCase: Rule = this.RULE('testCase', () => {
    this.SUBRULE(this.expression)
    this.OPTION(() => {
      this.CONSUME(t.With)
      this.SUBRULE(this.record)
    })
    this.CONSUME(t.Gives)
    this.SUBRULE1(this.expression)
  })

  // ── types ────────────────────────────────────────────────────────────────────────────────────────

  readonly type: Rule = this.RULE('type', () => {
    this.OPTION(() => this.CONSUME(t.Pipe))
    this.SUBRULE(this.restrictedType)
    this.MANY(() => {
      this.CONSUME1(t.Pipe)
      this.SUBRULE1(this.restrictedType)
    })
  })

  readonly restrictedType: Rule = this.RULE('restrictedType', () => {
    this.SUBRULE(this.typeAtom)
    this.OPTION(() => this.CONSUME(t.Question))
    this.MANY(() => this.SUBRULE(this.typeRestriction))
  })

  /** `in low..high` or `per level`. */
  readonly typeRestriction: Rule = this.RULE('typeRestriction', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.In)
          this.OPTION(() => this.SUBRULE(this.bound, { LABEL: 'low' }))
          this.CONSUME(t.DotDot)
          this.OPTION1(() => this.SUBRULE1(this.bound, { LABEL: 'high' }))
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.Per)
          this.CONSUME(t.Word)
        },
      },
    ])
  })

  /** One end of a range type. Only plain identifiers: `0.. per token` must not read `per` as the upper end. */
  readonly bound: Rule = this.RULE('bound', () => {
    this.OPTION(() => this.CONSUME(t.Minus))
    this.OR([
      { ALT: () => this.SUBRULE(this.number) },
      {
        ALT: () => {
          this.CONSUME(t.Identifier)
          this.MANY(() => {
            this.CONSUME(t.Dot)
            this.CONSUME(t.Word)
          })
        },
      },
      { ALT: () => this.SUBRULE(this.group) },
    ])
  })

  readonly typeAtom: Rule = this.RULE('typeAtom', () => {
    this.OR({
      DEF: [
        { ALT: () => this.CONSUME(t.Text) },
        { ALT: () => this.SUBRULE(this.namedType) },
        { ALT: () => this.SUBRULE(this.recordType) },
        { GATE: () => this.atFunctionType(), ALT: () => this.SUBRULE(this.functionType) },
        {
          ALT: () => {
            this.CONSUME(t.LeftParen)
            this.SUBRULE(this.type)
            this.CONSUME(t.RightParen)
          },
        },
      ],
      IGNORE_AMBIGUITIES: true, // `(` begins both; the gate tells them apart
    })
  })

  readonly namedType: Rule = this.RULE('namedType', () => {
    this.CONSUME(t.Word)
    this.OPTION(() => {
      this.CONSUME(t.Dot)
      this.CONSUME1(t.Word)
    })
    this.OPTION1(() => {
      this.CONSUME(t.LeftSquare)
      this.OPTION2(() => this.SUBRULE(this.type))
      this.MANY(() => {
        this.CONSUME(t.Comma)
        this.OPTION3(() => this.SUBRULE1(this.type))
      })
      this.CONSUME(t.RightSquare)
    })
  })

  readonly recordType: Rule = this.RULE('recordType', () => {
    this.CONSUME(t.LeftCurly)
    this.OPTION(() => this.SUBRULE(this.fieldType))
    this.MANY(() => {
      this.CONSUME(t.Separator)
      this.OPTION1(() => this.SUBRULE1(this.fieldType))
    })
    this.CONSUME(t.RightCurly)
  })

  readonly fieldType: Rule = this.RULE('fieldType', () => {
    this.CONSUME(t.Word)
    this.SUBRULE(this.typeAnnotation)
  })

  readonly functionType: Rule = this.RULE('functionType', () => {
    this.CONSUME(t.LeftParen)
    this.OPTION(() => this.SUBRULE(this.fieldType))
    this.MANY(() => {
      this.CONSUME(t.Comma)
      this.OPTION1(() => this.SUBRULE1(this.fieldType))
    })
    this.CONSUME(t.RightParen)
    this.CONSUME(t.Arrow)
    this.SUBRULE(this.type)
  })

  private atFunctionType(): boolean {
    return this.LA(2).tokenType === t.RightParen || this.LA(3).tokenType === t.Colon
  }

  // ── expressions ──────────────────────────────────────────────────────────────────────────────────

  readonly expression: Rule = this.RULE('expression', () => {
    this.OR([{ ALT: () => this.SUBRULE(this.conditional) }, { ALT: () => this.SUBRULE(this.binary) }])
  })

  /** `else if` repeats here rather than nesting, so that long chains stay shallow. */
  readonly conditional: Rule = this.RULE('conditional', () => {
    this.SUBRULE(this.branch)
    this.MANY({
      MAX_LOOKAHEAD: 2,
      DEF: () => {
        this.CONSUME(t.Else)
        this.SUBRULE1(this.branch)
      },
    })
    this.CONSUME1(t.Else)
    this.SUBRULE(this.expression)
  })

  readonly branch: Rule = this.RULE('branch', () => {
    this.CONSUME(t.If)
    this.SUBRULE(this.expression)
    this.CONSUME(t.Then)
    this.SUBRULE1(this.expression)
  })

  readonly binary: Rule = this.RULE('binary', () => {
    this.SUBRULE(this.operand)
    this.MANY(() => {
      this.CONSUME(t.BinaryOperator)
      this.SUBRULE1(this.operand)
    })
  })

  readonly operand: Rule = this.RULE('operand', () => {
    this.MANY(() => this.CONSUME(t.Prefix))
    this.SUBRULE(this.primary)
    this.MANY1(() => this.SUBRULE(this.suffix))
  })

  readonly suffix: Rule = this.RULE('suffix', () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.Dot)
          this.CONSUME(t.Word)
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.LeftSquare)
          this.OPTION(() => this.SUBRULE(this.indexKey))
          this.MANY(() => {
            this.CONSUME(t.Comma)
            this.OPTION1(() => this.SUBRULE1(this.indexKey))
          })
          this.CONSUME(t.RightSquare)
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.LeftParen)
          this.OPTION2(() => this.SUBRULE(this.argument))
          this.MANY1(() => {
            this.CONSUME1(t.Comma)
            this.OPTION3(() => this.SUBRULE1(this.argument))
          })
          this.CONSUME(t.RightParen)
        },
      },
    ])
  })

  readonly indexKey: Rule = this.RULE('indexKey', () => {
    this.OR([{ ALT: () => this.CONSUME(t.Star) }, { ALT: () => this.SUBRULE(this.expression) }])
  })

  readonly argument: Rule = this.RULE('argument', () => {
    this.OR({
      MAX_LOOKAHEAD: 2,
      DEF: [
        {
          ALT: () => {
            this.CONSUME(t.Word)
            this.CONSUME(t.Assign)
            this.SUBRULE(this.value)
          },
        },
        { ALT: () => this.SUBRULE(this.expression) },
      ],
    })
  })

  readonly primary: Rule = this.RULE('primary', () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.number) },
      { ALT: () => this.CONSUME(t.Text) },
      { ALT: () => this.CONSUME(t.True) },
      { ALT: () => this.CONSUME(t.False) },
      { ALT: () => this.CONSUME(t.None) },
      { ALT: () => this.CONSUME(t.Word) },
      { ALT: () => this.SUBRULE(this.list) },
      { ALT: () => this.SUBRULE(this.record) },
      { ALT: () => this.SUBRULE(this.group) },
    ])
  })

  readonly number: Rule = this.RULE('number', () => {
    this.CONSUME(t.NumberToken)
    this.OPTION(() => {
      this.OR([
        { ALT: () => this.CONSUME(t.Identifier, { LABEL: 'unit' }) },
        { ALT: () => this.CONSUME(t.Percent, { LABEL: 'unit' }) },
      ])
    })
  })

  readonly list: Rule = this.RULE('list', () => {
    this.CONSUME(t.LeftSquare)
    this.OPTION(() => this.SUBRULE(this.expression))
    this.MANY(() => {
      this.CONSUME(t.Comma)
      this.OPTION1(() => this.SUBRULE1(this.expression))
    })
    this.CONSUME(t.RightSquare)
  })

  readonly record: Rule = this.RULE('record', () => {
    this.CONSUME(t.LeftCurly)
    this.OPTION(() => this.SUBRULE(this.field))
    this.MANY(() => {
      this.CONSUME(t.Separator)
      this.OPTION1(() => this.SUBRULE1(this.field))
    })
    this.CONSUME(t.RightCurly)
  })

  readonly field: Rule = this.RULE('field', () => {
    this.CONSUME(t.Word)
    this.CONSUME(t.Assign)
    this.SUBRULE(this.value)
  })

  readonly group: Rule = this.RULE('group', () => {
    this.CONSUME(t.LeftParen)
    this.SUBRULE(this.expression)
    this.CONSUME(t.RightParen)
  })

  // ── recovery ─────────────────────────────────────────────────────────────────────────────────────
  // Layout has balanced the brackets: no closer is ever missing, and skipping may jump over whole groups.
  // Chevrotain's own search would resume at a separator inside a skipped group and then stumble over its closer.

  override canTokenTypeBeInsertedInRecovery(): boolean {
    return false
  }

  override canTokenTypeBeDeletedInRecovery(): boolean {
    const found = this.LA(1).tokenType
    return found !== t.Newline && found !== t.Comma && !t.closerOf.has(found) && !t.closers.has(found)
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
  if (t.closerOf.has(token.tokenType)) return depth + 1
  return t.closers.has(token.tokenType) ? Math.max(0, depth - 1) : depth
}
