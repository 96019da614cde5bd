// The tree of a search: which leaf is next, what a new node changes above it, and the path that is best in the end.
// Formulas are the caller's, and so is what a node holds: no policy, no text, no random numbers here.

/** The formulas of a search, each of plain numbers. */
export interface Formulas {
  /** How promising a child is. */
  readonly select: (of: { readonly value: number; readonly visits: number; readonly parent_visits: number }) => Promise<number>
  /** The new value of a node below which `children` nodes were added, whose values sum to `children_value`. */
  readonly backup: (of: { readonly value: number; readonly visits: number; readonly children: number; readonly children_value: number }) => Promise<number>
}

export interface Node<T> {
  readonly parent: Node<T> | undefined
  /** Absent at the root. */
  readonly content: T | undefined
  /** Steps from the root. */
  readonly depth: number
  value: number
  visits: number
  /** Nothing is to be added below it. */
  closed: boolean
  /** A path ends here by itself, or does so below. */
  ended: boolean
  readonly children: Node<T>[]
}

export interface Child<T> {
  readonly content: T
  readonly value: number
  /** The path ends here by itself. */
  readonly ended: boolean
}

export class Tree<T> {
  readonly root: Node<T> = { parent: undefined, content: undefined, depth: 0, value: 0, visits: 0, closed: false, ended: false, children: [] }

  /** `depth`: steps of a path, at most. */
  constructor(
    private readonly depth: number,
    private readonly formulas: Formulas,
  ) {}

  /** The leaf that selection leads to, the most promising open child at every node; undefined when there is nothing left to expand. */
  async leaf(): Promise<Node<T> | undefined> {
    if (this.root.closed) return undefined
    let at = this.root
    while (at.children.length > 0) {
      const open = at.children.filter(({ closed }) => !closed)
      const scores: number[] = []
      for (const { value, visits } of open) scores.push(await this.formulas.select({ value, visits, parent_visits: at.visits }))
      at = best(open, (_, i) => scores[i] as number)
    }
    return at
  }

  /** Put children below a leaf, and back their values up to the root. */
  async expand(leaf: Node<T>, children: readonly Child<T>[]): Promise<void> {
    const depth = leaf.depth + 1
    leaf.children.push(...children.map(({ content, value, ended }) => ({ parent: leaf, content, depth, value, visits: 1, closed: ended || depth >= this.depth, ended, children: [] })))
    const total = children.reduce((sum, { value }) => sum + value, 0)
    for (let at: Node<T> | undefined = leaf; at; at = at.parent) {
      at.value = await this.formulas.backup({ value: at.value, visits: at.visits, children: children.length, children_value: total })
      at.visits += children.length
      at.closed = at.children.every((child) => child.closed)
      at.ended = at.children.some((child) => child.ended)
    }
  }

  /** The node where the best path ends: of every node the child with the highest value, among those that lead to an end where there are any. */
  best(): Node<T> {
    let at = this.root
    while (at.children.length > 0) {
      const ended = at.children.filter((child) => child.ended)
      at = best(ended.length > 0 ? ended : at.children, ({ value }) => value)
    }
    return at
  }
}

/** What the nodes from the root to here hold, in order. */
export function pathTo<T>(node: Node<T>): T[] {
  const path: T[] = []
  for (let at: Node<T> | undefined = node; at; at = at.parent) if (at.content !== undefined) path.unshift(at.content)
  return path
}

/** The first of those with the highest score. */
function best<N>(nodes: readonly N[], score: (node: N, i: number) => number): N {
  const scores = nodes.map(score)
  return nodes[scores.indexOf(Math.max(...scores))] as N
}
