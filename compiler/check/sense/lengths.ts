// Sense of lengths: completions that fit the model, warm-ups and intervals that fit the stage, learning rates of a usual size.

import type { Expression } from '../../../grammar/ast/ast.js'
import type { Span } from '../../../grammar/source/source.js'
import { wordOf, type DeclarationSymbol } from '../../resolve/program.js'
import { walk } from '../../resolve/walk.js'
import { replace, type Context } from '../context.js'
import { attributeOf } from '../members.js'
import { constantIn, type StageView } from './view.js'

export function checkLengths(cx: Context, view: StageView): void {
  checkContext(cx, view)
  checkSchedule(cx, view)
  if (view.value('save.best') && !view.value('save.every')) {
    cx.report('RLP6014', view.span('save.best'), 'the best of no save is wanted: nothing says when to save', { label: 'never acts', help: 'add `every`, for example `save { every = 20 steps, … }`' })
  }
  const every = view.constant('save.every')
  const length = view.constant('length')
  const until = view.constant('until')
  if (until !== undefined && length !== undefined && until > length && dimensionOf(view, 'length') === 'Steps') {
    cx.report('RLP6017', view.span('until'), `the stage ends after ${length} steps, before \`until\``, { label: 'never acts', help: '`length` is what the schedule is made for, `until` where the stage stops: write fewer steps, or leave it out' })
  }
  if (every !== undefined && length !== undefined && every > length && dimensionOf(view, 'length') === 'Steps') {
    cx.report('RLP6014', view.span('save.every'), `the stage ends after ${length} steps, before the first save`, { label: 'never happens', help: 'the result of a stage is always kept: remove `save`, or save more often' })
  }
}

/** What a stage generates or learns must fit into the context of the model that it starts from, whatever is chosen. */
function checkContext(cx: Context, view: StageView): void {
  const policy = view.value('policy')
  if (!policy) return
  for (const path of ['max_new', 'rollout.max_new', 'context']) {
    const length = view.value(path) ? view.constant(path) : undefined
    if (length === undefined) continue
    for (const model of modelsOf(policy, view.symbol)) {
      const value = attributeOf(model.declaration, 'context')
      const context = value && constantIn(cx, value, model)
      if (!value || context === undefined || (path === 'context' ? length <= context : length < context)) continue
      const name = path.split('.').at(-1)
      cx.report('RLP4006', view.span(path), `\`${name}\` does not fit the context of \`${model.name}\``, {
        label: path === 'context' ? `${length} tokens, the model has ${context}` : `${length} tokens leave no room for a prompt in ${context}`,
        related: [{ span: value.span, text: `the model reads ${context} tokens` }],
        help: path === 'context' ? `write at most \`${context} tokens\`, or give the model a longer context` : `write fewer than ${context} tokens, or give the model a longer context`,
      })
      break
    }
  }
}

/** The models that an expression starts from, through the stages in between; of a choice those of both sides: which is taken is known later. */
function modelsOf(expression: Expression, place: DeclarationSymbol, seen: Set<DeclarationSymbol> = new Set()): DeclarationSymbol[] {
  switch (expression.node) {
    case 'If': {
      const others = modelsOf(expression.else, place, new Set(seen))
      return modelsOf(expression.then, place, new Set(seen)).filter((model) => others.includes(model))
    }
    case 'Index':
      return modelsOf(expression.target, place, seen)
    case 'Field': {
      const { target } = expression
      const namespace = target.node === 'Name' ? place.module.lookup(target.name) : undefined
      if (namespace?.symbol === 'namespace') return fromSymbol(namespace.target.declared.get(expression.name.name), seen)
      return modelsOf(target, place, seen)
    }
    case 'Name': {
      const symbol = place.module.lookup(expression.name)
      return fromSymbol(symbol?.symbol === 'declaration' ? symbol : undefined, seen)
    }
    default:
      return []
  }
}

function fromSymbol(symbol: DeclarationSymbol | undefined, seen: Set<DeclarationSymbol>): DeclarationSymbol[] {
  if (!symbol || seen.has(symbol)) return []
  seen.add(symbol)
  const word = wordOf(symbol)
  if (word === 'model') return [symbol]
  const inner = word === 'stage' ? attributeOf(symbol.declaration, 'policy') : word === 'const' && symbol.declaration.node === 'Declaration' ? symbol.declaration.value : undefined
  return inner ? modelsOf(inner, symbol, seen) : []
}

/** Learning rates are far below 1, and a warm-up is shorter than the stage. */
const USUAL_LEARNING_RATE = 0.1

function checkSchedule(cx: Context, view: StageView): void {
  const rate = view.value('optimizer.lr')
  if (!rate) return
  const suspicious = (value: number | undefined, span: Span) => {
    if (value === undefined || (value > 0 && value < USUAL_LEARNING_RATE)) return
    cx.report('RLP6016', span, value <= 0 ? 'with a learning rate of 0 nothing is learned' : `a learning rate of ${value} is far above the usual`, {
      label: value <= 0 ? 'no step changes the policy' : 'AdamW moves every weight by about this much in each step',
      help: 'usual are 1e-6 to 1e-3, such as `1e-4`',
      fixes: value <= 0 ? [] : [replace(span, '1e-4', false)],
    })
  }
  suspicious(view.constant('optimizer.lr'), rate.span)
  const length = dimensionOf(view, 'length') === 'Steps' ? view.constant('length') : undefined
  walk(rate, (part) => {
    if (part.node !== 'Call') return
    for (const { name, value, span } of part.arguments) {
      const constant = constantIn(cx, value, view.symbol)
      if (name?.name === 'peak') suspicious(constant, value.span)
      if (name?.name !== 'warmup' || constant === undefined || length === undefined || constant < length) continue
      cx.report('RLP6012', span, `the warm-up lasts as long as the stage, ${length} steps`, {
        label: `${constant} steps`,
        related: view.value('length') ? [{ span: view.span('length'), text: 'the stage ends here' }] : [],
        notes: ['the learning rate would rise until the end, and never fall'],
        help: `write a shorter warm-up, for example \`warmup = ${Math.max(1, Math.round(length / 20))} steps\``,
        fixes: [replace(value.span, `${Math.max(1, Math.round(length / 20))} steps`, false)],
      })
    }
  })
}

function dimensionOf(view: StageView, path: string): string | undefined {
  const type = view.type(path)
  return type?.type === 'number' ? type.dimension : undefined
}
