// Whether some JSON is a plan: the schema, and what a schema cannot say (programs and stages that are named exist).
// Loads ajv on first use; does not look into graphs, which `../graph/verify.ts` does.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { Plan } from './plan.js'

let schema: ValidateFunction | undefined

/** What is wrong with `value` as a plan, in a line; `undefined` when it is one. */
export function planProblem(value: unknown): string | undefined {
  schema ??= new Ajv2020({ allowUnionTypes: true }).compile(JSON.parse(readFileSync(schemaPath(), 'utf8')) as object)
  if (!schema(value)) {
    const error = schema.errors?.[0]
    return `${error?.instancePath || 'the plan'} ${error?.message ?? 'is wrong'}`
  }
  return danglingName(value as Plan)
}

function danglingName({ programs, stages, rewards }: Plan): string | undefined {
  const addresses = new Set(stages.map(({ address }) => address))
  for (const { address, programs: roles, needs } of stages) {
    for (const [role, key] of Object.entries(roles)) if (!Object.hasOwn(programs, key)) return `stage ${address} has no program for ${role}`
    for (const need of needs) if (!addresses.has(need)) return `stage ${address} needs ${need}, which is not there`
  }
  for (const [name, { program }] of Object.entries(rewards)) if (!Object.hasOwn(programs, program)) return `reward ${name} has no program`
  return undefined
}

/** Beside this file in the sources, at the root of the package when built. */
function schemaPath(): string {
  const [source, built] = ['../schemas/plan.schema.json', '../../../spec/schemas/plan.schema.json'].map((path) => fileURLToPath(new URL(path, import.meta.url)))
  return existsSync(source as string) ? (source as string) : (built as string)
}
