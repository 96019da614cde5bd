// The codes of the third layer: 2xxx modules and names.
// Numbers are never reused; the text of each message stands where the mistake is found.

import { reporter, type CodeTable } from '../../grammar/diagnostics/diagnostic.js'

export const codes = {
  RLP2001: { slug: 'unknown-name', severity: 'error', meaning: 'this name is not declared, imported or granted here' },
  RLP2002: { slug: 'duplicate-name', severity: 'error', meaning: 'a name is declared twice in one place' },
  RLP2003: { slug: 'unknown-module', severity: 'error', meaning: 'an import names a file that does not exist' },
  RLP2004: { slug: 'not-exported', severity: 'error', meaning: 'the module declares no such name' },
  RLP2005: { slug: 'import-cycle', severity: 'error', meaning: 'modules import each other in a circle' },
  RLP2006: { slug: 'unknown-attribute', severity: 'error', meaning: 'the kind has no such attribute or section' },
  RLP2007: { slug: 'unknown-word', severity: 'error', meaning: 'this is no declaration word' },
  RLP2008: { slug: 'recursion', severity: 'error', meaning: 'functions or constants are defined by themselves' },
  RLP2009: { slug: 'unused-name', severity: 'warning', meaning: 'a name is declared and never used' },
  RLP2010: { slug: 'unused-import', severity: 'warning', meaning: 'a name is imported and never used' },
  RLP2011: { slug: 'unknown-type', severity: 'error', meaning: 'this names no type or kind' },
  RLP2012: { slug: 'wrong-kind', severity: 'error', meaning: 'the kind belongs to another declaration word' },
  RLP2013: { slug: 'misplaced-declaration', severity: 'error', meaning: 'this word cannot be declared in this place' },
  RLP2014: { slug: 'not-granted', severity: 'error', meaning: '`row`, `completion`, `metrics` and `clock` exist only in certain places' },
  RLP2015: { slug: 'wrong-section', severity: 'error', meaning: 'the attribute belongs to another section, or is a section itself' },
  RLP2016: { slug: 'unknown-level', severity: 'error', meaning: 'no stage kind has this level' },
} as const satisfies CodeTable

export const report = reporter(codes)
