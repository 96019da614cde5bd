// `node --import tsx spec/tools/parity/table.ts`: writes `spec/objectives.md`, which function of which system equals which of ours.
// Everything in it comes from the tables and the recorded cases; a test says when it is out of date.

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { rowOf, type Case, type Counterpart, type Table } from './cases.js'
import { readCases, recorded, tables } from './tables.js'

export const tableFile: string = fileURLToPath(new URL('../../objectives.md', import.meta.url))

interface Line {
  cases: number
  readonly ours: Set<string>
  readonly without: Map<string, number>
}

/** The text of `spec/objectives.md`. */
export function objectivesTable(cases: readonly Case[] = readCases(recorded), all: readonly Table[] = tables): string {
  const parts = all.map((table) => {
    const lines = new Map<string, Line>()
    for (const c of cases.filter(({ system }) => system === table.system)) {
      const line = lines.get(c.function) ?? { cases: 0, ours: new Set(), without: new Map() }
      lines.set(c.function, line)
      line.cases++
      const row = rowOf(c, [table])?.row
      if (row && 'counterpart' in row) for (const name of namesIn(row.counterpart(c), table)) line.ours.add(name)
      else {
        const reason = row ? row.skip : 'no counterpart yet'
        line.without.set(reason, (line.without.get(reason) ?? 0) + 1)
      }
    }
    const rows = [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { cases: n, ours, without }]) => {
      const reasons = [...without].map(([reason, count]) => `no counterpart${count < n ? ` for ${count}` : ''}: ${reason}`)
      return `| \`${name}\` | ${[...(ours.size > 0 ? [[...ours].sort().map((each) => `\`${each}\``).join(', ')] : []), ...reasons].join('; ')} | ${n} |`
    })
    const absent = Object.entries(table.absent ?? {}).map(([name, why]) => `| ${name} | no counterpart: ${why} | 0 |`)
    return `## ${table.system}\n\n| of the system | of ours | cases |\n|---|---|---|\n${[...rows, ...absent].join('\n')}\n`
  })
  return `# Objectives of other systems\n\nWhich function equals which of our standard library, proved by the recorded cases in \`spec/test/parity\` (\`npm run parity\`): values and gradients,\non \`reference\` and as printed PyTorch to 1e-10 wherever the original was run in float64, on \`wasm\` to 1e-5. Where several functions of ours stand beside one, its options choose among them\nor it is made of them. Written by \`spec/tools/parity/table.ts\`.\n\n${parts.join('\n')}`
}

/** Functions of the standard library that the expressions name, as \`module.function\`. */
function namesIn({ outputs }: Counterpart, { imports }: Table): string[] {
  const modules = new Map([...imports.matchAll(/import \* as (\w+) from "([^"]+)"/g)].map(([, name, path]) => [name as string, path as string]))
  const listed = new Map([...imports.matchAll(/import \{([^}]*)\} from "([^"]+)"/g)].flatMap(([, names, path]) => (names as string).split(',').map((name) => [name.trim(), path as string] as const)))
  const expressions = Object.values(outputs).map(([, expression]) => expression).join(' ')
  const qualified = [...expressions.matchAll(/\b(\w+)\.([a-z]\w*)/g)].flatMap(([, name, fn]) => (modules.has(name as string) ? [`${modules.get(name as string)}.${fn}`] : []))
  const plain = [...expressions.matchAll(/(?<![.\w])([a-z]\w*)\b/g)].flatMap(([, name]) => (listed.has(name as string) ? [`${listed.get(name as string)}.${name}`] : []))
  return [...qualified, ...plain]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = objectivesTable()
  if (readFileSync(tableFile, { encoding: 'utf8', flag: 'a+' }) !== text) writeFileSync(tableFile, text)
}
