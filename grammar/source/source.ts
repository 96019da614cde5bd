// A source text and positions in it. Offsets count UTF-16 units; lines and columns are 1-based.
// Does no IO: files come in through a `SourceHost`.

/** Half-open range `[start, end)` of UTF-16 offsets in one source file. */
export interface Span {
  readonly file: SourceFile
  readonly start: number
  readonly end: number
}

export interface Position {
  readonly line: number
  readonly column: number
}

/** Where module texts come from; the compiler never touches the disk itself. */
export interface SourceHost {
  /** Text of the module with this canonical path, or `undefined` when there is none. */
  read(path: string): string | undefined
  /** Canonical path of import `specifier` (`std/…` or relative) seen in module `from`. */
  resolve(specifier: string, from: string): string
  /** Paths of modules that exist (at least `std/…`), for suggestions. */
  modules?(): readonly string[]
  /** The stored tree of a module (`storeTree`), for hosts that have one. */
  tree?(path: string): string | undefined
}

export class SourceFile {
  private lineStarts: number[] | undefined
  constructor(
    /** As shown to the user, e.g. `main.rlp`, `std/losses`, `command line`. */
    readonly path: string,
    readonly text: string,
  ) {}

  span(start: number, end: number): Span {
    return { file: this, start, end }
  }

  position(offset: number): Position {
    const starts = this.starts()
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] as number) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - (starts[low] as number) + 1 }
  }

  /** The offset of a position; that of the nearest one within the text when there is none such. */
  offset({ line, column }: Position): number {
    const starts = this.starts()
    const start = starts[Math.min(Math.max(line, 1), starts.length) - 1] as number
    return Math.min(start + column - 1, this.text.length)
  }

  /** Text of one 1-based line without its line ending. */
  line(line: number): string {
    const starts = this.starts()
    const start = starts[line - 1] ?? this.text.length
    const end = starts[line] ?? this.text.length + 1
    return this.text.slice(start, end - 1).replace(/\r$/, '')
  }

  private starts(): number[] {
    if (!this.lineStarts) {
      this.lineStarts = [0]
      for (let i = 0; i < this.text.length; i++) if (this.text.charCodeAt(i) === 10) this.lineStarts.push(i + 1)
    }
    return this.lineStarts
  }
}
