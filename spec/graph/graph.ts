// The graph format: what the compiler writes into a plan and every executor runs.
// Types only: how ops type is in `ops.ts`, what is legal in `verify.ts`, what ops compute is what the `reference` executor does.

/** A size: a number, or an integer polynomial of symbols in its one spelling (`dims.ts`), e.g. `"B*T"`, `"2*B"`, `"T-1"`. */
export type Dim = number | string
export type Shape = readonly Dim[]
/** `bool` is 0/1. `f32` is computed in float64 by the `reference` executor. */
export type DType = 'f32' | 'i32' | 'u32' | 'bool'

export interface TensorType {
  readonly dtype: DType
  readonly shape: Shape
}

/**
 * The primitive ops. Element-wise ops take operands of one shape: broadcasting is written out with `broadcast`.
 *
 * leaf       input {name, storage}; const {value} (a scalar; "Infinity", "-Infinity", "NaN" as text); iota {axis} (i32/f32, the node's shape)
 * unary      neg exp log sqrt rsqrt sin cos tanh sigmoid abs sign floor not is_nan; cast (to the node's dtype); stop_gradient
 * binary     add sub mul div max min pow mod; lt le eq (→ bool); and or (bool); bit_and bit_or bit_xor shift_left shift_right (u32)
 * ternary    where (bool, a, b)
 * reduce     reduce_sum reduce_max reduce_min {axes} — the axes disappear; reduction order is row-major
 * scan       cumsum {axis, reverse}; linear_scan {axis, reverse}: (decay, x) → y_t = x_t + decay_t * y_(t-1)
 * movement   reshape; broadcast {axes: positions of the input's axes in the output}; transpose {permutation};
 *            slice {start, size}; pad {before, after} (zeros; all four are sizes, one for each axis); concat {axis}; reverse {axes}
 * indexing   gather (table [V, …], index [i…]) → [i…, …]; scatter_add (index [i…], update [i…, …]) → [V, …], V from the node's shape;
 *            pick (x [i…, V], index [i…]) → [i…]   (the element of the last axis)
 * sort       sort (last axis, ascending, stable); argsort (last axis, ascending, stable → i32)
 * matmul     matmul {transposeA, transposeB}: (a [batch…, m, k], b [batch…, k, n] or [k, n]) → [batch…, m, n]
 * random     random_bits (key0, key1, counter0, counter1, all u32 of one shape) → u32: Threefry-2x32, 20 rounds, first word
 * composite  composite {name, …}: meaning = `bodies[body]`; the node is its first output, the others are taken with `part {index}`, index ≥ 1
 *
 * Edges: NaN spreads through max, min, reduce_max and reduce_min, and sorts last; comparisons with NaN are false. Integers wrap.
 * mod has the sign of its divisor. cast to an integer drops the fraction (out of range: unspecified), to bool it is ≠ 0.
 * Undefined, and an error where an executor notices: an index outside its table, an integer mod 0, a shift by 32 or more.
 */
export type OpName =
  | 'input' | 'const' | 'iota'
  | 'neg' | 'exp' | 'log' | 'sqrt' | 'rsqrt' | 'sin' | 'cos' | 'tanh' | 'sigmoid' | 'abs' | 'sign' | 'floor' | 'not' | 'is_nan' | 'cast' | 'stop_gradient'
  | 'add' | 'sub' | 'mul' | 'div' | 'max' | 'min' | 'pow' | 'mod' | 'lt' | 'le' | 'eq' | 'and' | 'or'
  | 'bit_and' | 'bit_or' | 'bit_xor' | 'shift_left' | 'shift_right'
  | 'where'
  | 'reduce_sum' | 'reduce_max' | 'reduce_min'
  | 'cumsum' | 'linear_scan'
  | 'reshape' | 'broadcast' | 'transpose' | 'slice' | 'pad' | 'concat' | 'reverse'
  | 'gather' | 'scatter_add' | 'pick'
  | 'sort' | 'argsort'
  | 'matmul'
  | 'random_bits'
  | 'composite' | 'part'

export type AttributeValue = number | string | boolean | readonly (number | string)[]

export interface GraphNode {
  readonly op: OpName
  /** Indices of earlier nodes: a graph is in topological order. */
  readonly inputs: readonly number[]
  readonly attributes: Readonly<Record<string, AttributeValue>>
  readonly type: TensorType
  /** For `composite` only: index into `Graph.bodies`, and the types of all its outputs (`type` is the first). */
  readonly body?: number
  readonly outputs?: readonly TensorType[]
  /** Names what a person calls this value in dumps, e.g. `advantage`. Never part of the meaning. */
  readonly label?: string
}

/** `fetch` returns the value; `assign` stores it in the state of that name, after all nodes are computed. */
export type GraphOutput =
  | { readonly kind: 'fetch'; readonly name: string; readonly node: number }
  | { readonly kind: 'assign'; readonly state: string; readonly node: number }

/**
 * `input` nodes have attributes `name` and `storage`: `feed` (given at each run) or `state` (lives in the session:
 * weights, moments, gradients, caches). Symbols are bound when a program is loaded.
 */
export interface Graph {
  readonly name: string
  readonly nodes: readonly GraphNode[]
  readonly outputs: readonly GraphOutput[]
  /** Expansions of the composites; their `input` nodes are named `0`, `1`, … and their outputs are fetches in order. Bodies may hold composites (their own `bodies`). */
  readonly bodies: readonly Graph[]
}
