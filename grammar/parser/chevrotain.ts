// Loads the parser toolkit. The only file that knows where it lives.
// Its main entry pulls in some 600 lodash modules (0.4 s); the single-file bundle it also ships loads in 15 ms.

import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const entry = createRequire(import.meta.url).resolve('chevrotain')
const bundle = new URL('../chevrotain.min.mjs', pathToFileURL(entry))

export const chevrotain = (await import(bundle.href)) as typeof import('chevrotain')

export type { CstNode, IToken } from 'chevrotain'
