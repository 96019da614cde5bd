// The grammar of `.rlp` as a recovering parser: tokens → concrete syntax tree.
// Binary expressions stay flat and slips such as `:` for `=` are accepted here; lowering sorts them out.

import type { CstNode, IParserErrorMessageProvider, ParserMethod, TokenType } from 'chevrotain'
import { LazyLookahead } from './lookahead.js'
import { RecoveringParser } from './recovery.js'
import * as t from './tokens.js'

type Rule = ParserMethod<[], CstNode>

export interface ParserOptions {
  /** Checks the grammar itself (ambiguities, left recursion); a test does so, a run does not. */
  readonly validate: boolean
  readonly messages?: IParserErrorMessageProvider
}

export class RlpParser extends RecoveringParser {
  constructor({ validate, messages }: ParserOptions) {
    super(t.vocabulary, {
      lookaheadStrategy: new LazyLookahead({ maxLookahead: 1 }), // rules that need two tokens say so
      maxLookahead: 1,
      recoveryEnabled: true,
      nodeLocationTracking: 'onlyOffset',
      skipValidations: !validate,
      ...(messages ? { errorMessageProvider: messages } : {}),
    })
    this.performSelfAnalysis()
  }

  /**
   * `[x] { separator [x] }`: an empty place is legal here, so that recovery can resume at the next comma; lowering reports it.
   * `index` tells two lists of one rule apart.
   */
  private elements(index: number, element: Rule, separator: TokenType): void {
    this.option(index + 8, () => this.subrule(2 * index, element))
    this.many(index + 8, () => {
      this.consume(index + 8, separator)
      this.option(index + 18, () => this.subrule(2 * index + 1, element))
    })
  }

  // ── files ────────────────────────────────────────────────────────────────────────────────────────

  readonly module: Rule = this.RULE('module', () => {
    this.elements(0, this.top, t.Separator)
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
          this.elements(0, this.importName, t.Separator)
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
    this.elements(0, this.item, t.Separator)
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
    this.elements(0, this.parameter, t.Separator)
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
    this.elements(0, this.bodyLine, t.Separator)
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
    this.elements(0, this.testCase, t.Separator)
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
      this.elements(0, this.type, t.Comma)
      this.CONSUME(t.RightSquare)
    })
  })

  readonly recordType: Rule = this.RULE('recordType', () => {
    this.CONSUME(t.LeftCurly)
    this.elements(0, this.fieldType, t.Separator)
    this.CONSUME(t.RightCurly)
  })

  readonly fieldType: Rule = this.RULE('fieldType', () => {
    this.CONSUME(t.Word)
    this.SUBRULE(this.typeAnnotation)
  })

  readonly functionType: Rule = this.RULE('functionType', () => {
    this.CONSUME(t.LeftParen)
    this.elements(0, this.fieldType, t.Comma)
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
          this.elements(0, this.indexKey, t.Comma)
          this.CONSUME(t.RightSquare)
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.LeftParen)
          this.elements(1, this.argument, t.Comma)
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
    this.elements(0, this.expression, t.Comma)
    this.CONSUME(t.RightSquare)
  })

  readonly record: Rule = this.RULE('record', () => {
    this.CONSUME(t.LeftCurly)
    this.elements(0, this.field, t.Separator)
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
}
