// What a stage's settings say, as a plan writes it: attributes, inputs, and which of them somebody wrote.

import type { StagePlan, Value } from '../../spec/plan/plan.js'
import type { StageDraft } from '../elaborate/drafts.js'
import type { Family } from '../elaborate/setting.js'
import type { Member } from '../kinds/schema.js'

type Said = Pick<StagePlan, 'attributes' | 'written' | 'inputs'>

/** Inputs, attributes (those of a section as one record), and the paths of all that is not left at its default. */
export function saidBy({ settings: { family, own } }: StageDraft): Said {
  const shared = saidByAll(family)
  const said = { attributes: { ...shared.attributes }, inputs: { ...shared.inputs } }
  for (const { path, member, plain } of own.values()) put(said, path, member, plain)
  return { ...said, written: shared.written }
}

const families = new WeakMap<Family, Said>()

/** What the instances of a declaration say, with nothing where they differ: names are in their order. */
function saidByAll(family: Family): Said {
  const known = families.get(family)
  if (known) return known
  const said = { attributes: {}, inputs: {} }
  for (const { path, member } of family.slots.values()) put(said, path, member, family.shared.get(path)?.plain ?? null)
  const found = { ...said, written: [...family.slots.values()].flatMap(({ path, written }) => (written ? [path] : [])) }
  families.set(family, found)
  return found
}

function put({ attributes, inputs }: { attributes: Record<string, Value>; inputs: Record<string, Value> }, path: string, { role }: Member, value: Value): void {
  const dot = path.indexOf('.')
  if (role === 'input') inputs[path] = value
  else if (dot < 0) attributes[path] = value
  else {
    const section = attributes[path.slice(0, dot)] as { readonly record: Readonly<Record<string, Value>> } | undefined
    attributes[path.slice(0, dot)] = { record: { ...section?.record, [path.slice(dot + 1)]: value } }
  }
}
