// Python identifiers of one function: parameters, sizes and values, each name meant once.
// Does not choose what a value should be called; `function.ts` proposes, this makes it legal and free.

const KEYWORDS = 'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'
/** The global and the builtins that printed functions use, and those that people would miss. */
const USED = 'torch max min range reversed int float sum abs len list sorted round pow any all'
const RESERVED: ReadonlySet<string> = new Set(`${KEYWORDS} ${USED}`.split(' '))

/** `w/model.norm` → `w_model_norm`. */
export function identifier(text: string): string {
  const word = text.replace(/[^A-Za-z0-9_]+/g, '_').replace(/^_+|_+$/g, '') || 'value'
  return /^[0-9]/.test(word) ? `x${word}` : RESERVED.has(word) ? `${word}_` : word
}

export class Names {
  private readonly taken: Set<string>

  constructor(taken: Iterable<string>) {
    this.taken = new Set(taken)
  }

  /** The name itself, or with the next number that is free. */
  fresh(hint: string): string {
    const base = identifier(hint)
    let name = base
    for (let count = 2; this.taken.has(name); count++) name = `${base}_${count}`
    this.taken.add(name)
    return name
  }
}
