// Compiles the schema of plans after `tsc`: one file that checks, so that reading a plan loads no schema compiler.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import standalone from 'ajv/dist/standalone/index.js'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
const ajv = new Ajv2020({ allowUnionTypes: true, code: { source: true } })
const check = ajv.compile(JSON.parse(readFileSync(join(root, 'spec/schemas/plan.schema.json'), 'utf8')))
await build({
  stdin: { contents: standalone.default(ajv, check), resolveDir: root },
  outfile: join(root, 'dist/spec/schemas/plan.cjs'), // `require` is the only import that need not wait
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
})
