// From the text of a spec to its plan, with its graphs and their gradients.

import { planOf, writeSpec } from './spec.js'
import { task, turns } from './turns.js'

const text = writeSpec(task)
await turns(() => planOf(task, text))
