// The values of a declaration's attributes and inputs against its kind: written, patched by a variant, or default.
// The same for stages, models, datasets, phases, claims and pipelines; what the values mean is said elsewhere.

import type { Block, Expression, GenericDeclaration } from '../../grammar/ast/ast.js'
import type { Span } from '../../grammar/source/source.js'
import { GRANTS } from '../check/grants.js'
import type { KindSchema, Member } from '../kinds/schema.js'
import { qualifiedName } from '../resolve/program.js'
import { walk } from '../resolve/walk.js'
import { providedParameters } from './calls.js'
import { moduleFrame, NO_GRANTS, sourceText, type Context, type Frame } from './context.js'
import { evaluate, settled } from './evaluate.js'
import { misfit } from './fits.js'
import { Setting, Settings, type Family, type Slot } from './setting.js'
import { isDeferred, POISON, type ClosureValue, type CompileValue } from './value.js'

export interface Reference {
  readonly address: string
  readonly span: Span
}

/** Where a declaration's body may be changed by a variant, and under which path. */
export interface Place {
  readonly declaration: GenericDeclaration
  readonly body: Block | undefined
  /** `basics.` for the phase `basics` of a curriculum, else empty. */
  readonly prefix: string
  /** Of the instance at hand, for messages. */
  readonly address: string
}

/**
 * All inputs and attributes by path, in the order of the kind. Reports what only final values show:
 * RLP5005, RLP5006, RLP5011, RLP7004. `waiting` are paths that may hold values known only later.
 */
export function readSettings(context: Context, kind: KindSchema, place: Place, frame: Frame, waiting: readonly string[] = []): Settings {
  const families = context.families.get(place.declaration) ?? new Map<string, Family>()
  context.families.set(place.declaration, families)
  const read = ({ path, member, written, grants }: Slot): Setting => {
    const expression = written ?? member.default
    const at = written ? { ...frame, grants } : { ...moduleFrame(member.scope), grants }
    const raw = expression ? evaluate(context, expression, at, { type: member.type, scope: member.scope }) : POISON
    const mayWait = grants.size > 0 || waiting.includes(path)
    return new Setting(path, member, expression ? proven(context, withOwnDefaults(context, raw, member), member, expression, mayWait, place.address) : POISON, written)
  }
  const family = families.get(place.prefix)
  if (family) return new Settings(family, new Map(family.own.map((slot) => [slot.path, read(slot)])))
  const slots = slotsOf(kind, writtenIn(context, place))
  const settings = new Map([...slots].map(([path, slot]) => [path, read(slot)]))
  const own = [...slots.values()].filter(({ written }) => names(written, frame.locals))
  const differ = new Set(own.map(({ path }) => path))
  const [mine, shared] = [true, false].map((which) => new Map([...settings].filter(([path]) => differ.has(path) === which))) as [Map<string, Setting>, Map<string, Setting>]
  const referring = [...settings].flatMap(([path, { references }]) => (differ.has(path) || references.length > 0 ? [path] : []))
  const first: Family = { slots, shared, own, referring }
  families.set(place.prefix, first)
  return new Settings(first, mine)
}

/** Inputs and attributes of a kind, those of its sections behind them, by path. */
function slotsOf(kind: KindSchema, written: ReadonlyMap<string, Expression>): ReadonlyMap<string, Slot> {
  const all = new Map(kind.members)
  for (const [section, { members: inner }] of kind.sections) for (const [name, member] of inner) all.set(`${section}.${name}`, member)
  return new Map([...all].map(([path, member]) => [path, { path, member, written: written.get(path), grants: grantsOf(kind, path) }]))
}

/** Whether an expression mentions one of the names of its place, such as the keys of an instance. */
function names(expression: Expression | undefined, locals: ReadonlyMap<string, unknown>): boolean {
  let found = false
  walk(expression, (part) => (found ||= part.node === 'Name' && locals.has(part.name)))
  return found
}

/** Those of `row`, `completion`, `metrics`, `clock` that an attribute sees; what it says is then evaluated by the run. */
export function grantsOf(kind: KindSchema, path: string): ReadonlySet<string> {
  return new Set(GRANTS[qualifiedName(kind.symbol)]?.[path] ?? [])
}

/** References of settings, each with the place where it was written. */
export function referencesOf(settings: Iterable<Setting>, fallback: Span): readonly Reference[] {
  const found: Reference[] = []
  for (const { references, written } of settings) for (const address of references) found.push({ address, span: written?.span ?? fallback })
  return found
}

/** Expressions by path: those of the body, and over them those of the variant. */
function writtenIn(context: Context, { declaration, body, prefix }: Place): ReadonlyMap<string, Expression> {
  const found = new Map<string, Expression>()
  const collect = (block: Block, section: string) => {
    for (const item of block.items) {
      if (item.node === 'Attribute') found.set(section + item.path.map((part) => part.name).join('.'), item.value)
      else if (item.node === 'Section') collect(item.body, `${section}${item.name.name}.`)
    }
  }
  if (body) collect(body, '')
  for (const { path, value } of context.patches.get(declaration) ?? []) {
    if (path.startsWith(prefix)) found.set(path.slice(prefix.length), value)
  }
  return found
}

/** The value if it may stand in the plan at this place. */
function proven(context: Context, value: CompileValue, member: Member, expression: Expression, mayWait: boolean, address: string): CompileValue {
  if (!mayWait && isDeferred(value)) {
    context.report('RLP5006', expression.span, `\`${member.name}\` must be known before the run`, {
      label: 'known only when a stage is done',
      notes: [`\`${sourceText(expression)}\` depends on a result of the run`],
      help: 'use a constant or a parameter; results of the run may decide in claims, `advance` and `keep`',
    })
    return POISON
  }
  if (leaksSecret(value)) {
    context.report('RLP7004', expression.span, `\`${member.name}\` would write a secret into the plan`, {
      label: 'a secret',
      notes: ['plans are kept, shown and compared; a secret may only be an argument of a function that asks for a `Secret`'],
      help: 'pass the secret to the function that needs it',
    })
    return POISON
  }
  const complaint = misfit(context, value, member.type, member.scope)
  if (!complaint) return value
  const place = address.includes('[') ? [`in \`${address}\``] : []
  return settled(context, { ...complaint, title: `\`${member.name}\`: ${complaint.title}`, notes: [...complaint.notes, ...place] }, expression.span)
}

/** A function kept as a value shows the defaults of all parameters that its place does not provide. */
function withOwnDefaults(context: Context, value: CompileValue, member: Member): CompileValue {
  if (value.type !== 'closure') return value
  const provided = providedParameters(member.type, member.scope)
  if (!provided) return value
  const { declaration, symbol } = value
  const bound = new Map<string, CompileValue>()
  for (const parameter of declaration.parameters) {
    const name = parameter.name.name
    const own = value.bound.get(name) ?? (provided.has(name) ? undefined : parameter.default && evaluate(context, parameter.default, { module: symbol.module, locals: bound, grants: NO_GRANTS }))
    if (own) bound.set(name, own)
  }
  return { ...value, bound } satisfies ClosureValue
}

/** Secrets may only be arguments whose parameter has the type `Secret`. */
export function leaksSecret(value: CompileValue): boolean {
  switch (value.type) {
    case 'secret':
      return true
    case 'call': {
      const types = new Map(value.fn.declaration.node === 'Function' ? value.fn.declaration.parameters.map(({ name, type }) => [name.name, type]) : [])
      return [...value.arguments].some(([name, argument]) => {
        const type = types.get(name)
        const inner = type?.node === 'OptionalType' ? type.inner : type
        const asked = inner?.node === 'NamedType' && inner.name.name === 'Secret'
        return !(asked && argument.type === 'secret') && leaksSecret(argument)
      })
    }
    case 'list':
      return value.items.some(leaksSecret)
    case 'map':
      return value.values.some(leaksSecret)
    case 'record':
      return [...value.fields.values()].some(leaksSecret)
    case 'closure':
      return [...value.bound.values()].some(leaksSecret)
    default:
      return false
  }
}
