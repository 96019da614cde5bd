// Whether some JSON is a plan: the schema, and what a schema cannot say (programs and stages that are named exist).
// Does not look into graphs, which `../graph/verify.ts` does.

import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Ajv2020, ValidateFunction } from 'ajv/dist/2020.js'
import type { Plan } from './plan.js'

let schema: ValidateFunction | undefined

/** What is wrong with `value` as a plan, in a line; `undefined` when it is one. */
export function planProblem(value: unknown): string | undefined {
  schema ??= compiled()
  if (!schema(value)) {
    const error = schema.errors?.[0]
    return `${error?.instancePath || 'the plan'} ${error?.message ?? 'is wrong'}`
  }
  return danglingName(value as Plan)
}

/** The schema as a function: the build has made one (`spec/tools/build-schemas.mjs`), from source ajv makes it. Loaded on first use. */
function compiled(): ValidateFunction {
  const require = createRequire(import.meta.url)
  const file = (name: string) => fileURLToPath(new URL(`../schemas/${name}`, import.meta.url))
  if (existsSync(file('plan.cjs'))) return require(file('plan.cjs')) as ValidateFunction
  const ajv = require('ajv/dist/2020.js') as { readonly Ajv2020: typeof Ajv2020 }
  return new ajv.Ajv2020({ allowUnionTypes: true }).compile(JSON.parse(readFileSync(file('plan.schema.json'), 'utf8')) as object)
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
