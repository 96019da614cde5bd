// `param`s and their values from the command line, and `secret`s.
// A value on the command line is an expression of the language in a source file of its own, so that mistakes have a place.

import type { Diagnostic } from '../../grammar/diagnostics/diagnostic.js'
import { suggest } from '../../grammar/diagnostics/suggest.js'
import type { Expression, GenericDeclaration, TypeNode } from '../../grammar/ast/ast.js'
import { parseExpression } from '../../grammar/index.js'
import { SourceFile } from '../../grammar/source/source.js'
import { wordOf, type DeclarationSymbol, type ModuleScope, type Program } from '../resolve/program.js'
import { report } from './codes.js'
import { moduleFrame, type Context } from './context.js'
import { evaluate } from './evaluate.js'
import { patchOf } from './variants.js'
import { POISON, type CompileValue } from './value.js'

/** The value of one parameter on the command line. */
export interface Given {
  readonly value: Expression
}

/** Whether an expression fits a type; the checker's. */
export type CheckValue = (value: Expression, type: TypeNode, scope: ModuleScope, name: string) => readonly Diagnostic[]

/**
 * Reads `--set name=value` in order; a later value of one name wins.
 * Reports RLP7001 (no such parameter) and RLP7002 (does not parse or fit).
 */
export function readParameters(program: Program, set: readonly { name: string; text: string }[], checkValue: CheckValue): { given: ReadonlyMap<string, Given>; diagnostics: readonly Diagnostic[] } {
  const given = new Map<string, Given>()
  const diagnostics: Diagnostic[] = []
  const parameters = parametersOf(program)
  for (const { name, text } of set) {
    const file = new CommandLineFile(name, text)
    const symbol = parameters.find((one) => one.name === name)
    if (!symbol) {
      diagnostics.push(unknownParameter(file, name, parameters.map((one) => one.name)))
      continue
    }
    const { expression, diagnostics: mistakes } = parseExpression(file)
    const declaration = symbol.declaration as GenericDeclaration
    const found = mistakes.some(isError) || !declaration.type ? mistakes : checkValue(expression, declaration.type, symbol.module, name)
    const wrong = found.filter(isError)
    diagnostics.push(...wrong.map((mistake) => badValue(mistake, name, text, declaration)))
    // A wrong value is no value: whatever is made of it stays silent.
    given.set(name, { value: wrong.length > 0 ? { node: 'Invalid', span: expression.span } : expression })
  }
  return { given, diagnostics }
}

/** RLP7001 for each `--set` of no parameter: all that can be said of them before the spec itself is right. */
export function unknownParameters(program: Program, set: readonly { name: string; text: string }[]): readonly Diagnostic[] {
  const names = parametersOf(program).map((symbol) => symbol.name)
  return set.filter(({ name }) => !names.includes(name)).map(({ name, text }) => unknownParameter(new CommandLineFile(name, text), name, names))
}

function parametersOf(program: Program): DeclarationSymbol[] {
  return [...program.entry.declared.values()].filter((symbol) => wordOf(symbol) === 'param')
}

/** The value of a `param`: from the command line, else from the variant, else its default. */
export function parameterValue(context: Context, symbol: DeclarationSymbol): CompileValue {
  const declaration = symbol.declaration as GenericDeclaration
  const given = symbol.module === context.program.entry ? context.given.get(symbol.name) : undefined
  const value = given?.value ?? patchOf(context, declaration, '')?.value ?? declaration.value
  if (!value) {
    context.report('RLP7003', declaration.name.span, `parameter \`${symbol.name}\` has no value`, {
      label: 'declared without a default',
      help: `give it one: \`--set ${symbol.name}=…\`, or a default here`,
    })
    return POISON
  }
  return evaluate(context, value, moduleFrame(symbol.module), declaration.type && { type: declaration.type, scope: symbol.module })
}

/** `secret name from env("NAME")` or `from file("path")`: only where it comes from is ever known here. */
export function secretValue(context: Context, symbol: DeclarationSymbol): CompileValue {
  const value = (symbol.declaration as GenericDeclaration).value
  if (value?.node !== 'Call' || value.callee.node !== 'Name') return POISON
  const [argument] = value.arguments
  const place = argument ? evaluate(context, argument.value, moduleFrame(symbol.module)) : POISON
  if (place.type !== 'text') return POISON
  const { name } = symbol
  return { type: 'secret', secret: value.callee.name === 'file' ? { name, file: place.value } : { name, environment: place.value } }
}

/** `seeds=[0,1,2]` is shown whole, but only the value after the `=` is read. */
class CommandLineFile extends SourceFile {
  private readonly shown: string
  constructor(name: string, text: string) {
    super('command line', `${' '.repeat(name.length + 1)}${text}`)
    this.shown = `${name}=${text}`
  }
  override line(line: number): string {
    return this.shown.split('\n')[line - 1] ?? ''
  }
}

function unknownParameter(file: SourceFile, name: string, names: readonly string[]): Diagnostic {
  const near = suggest(name, names)
  return report('RLP7001', file.span(0, name.length), `there is no parameter \`${name}\``, {
    label: near === undefined ? 'not declared' : `did you mean \`${near}\`?`,
    notes: [names.length === 0 ? 'this file declares no `param`' : `parameters are ${names.map((one) => `\`${one}\``).join(', ')}`],
    help: near === undefined ? 'only a `param` can be set; other values change in the file or in a `variant`' : `write \`--set ${near}=…\``,
  })
}

function badValue(mistake: Diagnostic, name: string, text: string, declaration: GenericDeclaration): Diagnostic {
  const type = declaration.type ? sourceOf(declaration.type) : 'a value'
  return report('RLP7002', mistake.primary.span, `\`--set ${name}=${text}\` is not ${type}`, {
    label: mistake.primary.text || mistake.title,
    related: [{ span: declaration.name.span, text: 'declared here' }],
    notes: mistake.primary.text ? [mistake.title, ...mistake.notes] : mistake.notes,
    help: mistake.help ?? `write a value of type \`${type}\``,
  })
}

function sourceOf(type: TypeNode): string {
  return type.span.file.text.slice(type.span.start, type.span.end)
}

function isError(diagnostic: Diagnostic): boolean {
  return diagnostic.severity === 'error'
}
