// Where paths run in rows of tokens that keep them apart, and what follows: positions, and which tokens see each other
// (Parallel-R1's Unseen variant, arXiv 2509.07980). Whole rows at once, and one decoded token after the other.
//
// A block runs from its opening tag to its closing one, or to the next block; a path in it from its tag to the next path or the end of its block.
// Paths of a block do not see each other and begin at one position; what follows the block goes on behind the longest. From the closing tag of a
// path on, until the next begins, all paths so far are seen, and no path sees it: there it is decided whether another follows.

import { subtractDims } from '../../spec/graph/dims.js'
import type { Dim } from '../../spec/graph/graph.js'
import type { PathsPlan } from '../../spec/plan/paths.js'
import type { GraphBuilder, Value } from '../graph/builder.js'
import { cacheWrite } from '../graph/composites.js'

/** Where tokens stand, f32 like the rest here: `region`, the number of their block, 0 outside of paths; and `lane`, the number of their path in it. */
interface Place {
  readonly region: Value
  readonly lane: Value
}

/** `done`: 1 behind the closing tag of a path, and at it. */
interface Looking extends Place {
  readonly done: Value
}

export interface PathRows extends Looking {
  /** i32 [B,T]. */
  readonly positions: Value
  /** What decoding goes on from behind each token, [B,T,STATE.length]. */
  readonly state: Value
}

/** What decoding has to know of the tokens before: whether a block is open, how many there were, paths in this one, whether the last is done, the last token's position, that of a path's first token, and the furthest. */
const STATE = ['inside', 'blocks', 'lane', 'done', 'position', 'start', 'furthest'] as const

/** tokens and index i32 [B,T]; `index` counts the tokens of a text from 0 and begins again with each text of a packed row. */
export function pathRows(b: GraphBuilder, { open, close, path, end }: PathsPlan, tokens: Value, index: Value): PathRows {
  const T = tokens.shape[1] as Dim
  const is = (token: number): Value => number(b, b.eq(tokens, token))
  const before = (x: Value): Value => b.narrow(b.padAxis(x, 1, 1, 0), 1, 0, T)
  const fresh = number(b, b.eq(index, 0))
  const opens = is(open)
  const edge = b.max(opens, is(close))
  const going = b.mul(b.sub(1, edge), b.sub(1, fresh))
  const blocks = b.cumsum(opens)
  const inside = b.linearScan(going, opens)
  const begins = b.mul(is(path), inside)
  const lane = b.linearScan(going, begins)
  const walking = number(b, b.lt(0, lane))
  const region = b.mul(walking, blocks)
  const done = b.mul(walking, b.linearScan(b.mul(going, b.sub(1, begins)), is(end)))
  // In its path, from 1; of all paths of its block so far.
  const offset = b.mul(walking, b.linearScan(b.sub(1, begins), walking))
  const walked = b.linearScan(going, walking)
  const longest = longestPath(b, region, offset, b.sub(blocks, opens))
  // When a block ends, all of its paths count as the longest alone.
  const ends = b.mul(b.mul(edge, before(inside)), b.sub(1, fresh))
  const spared = b.linearScan(b.sub(1, fresh), b.mul(ends, b.sub(before(walked), longest)))
  const positions = b.sub(number(b, index), b.add(spared, b.sub(b.mul(walking, walked), offset)))
  const start = b.sub(positions, b.sub(offset, 1))
  const furthest = b.add(positions, b.mul(walking, b.sub(longest, offset)))
  return { positions: b.cast(positions, 'i32'), region, lane, done: b.min(done, 1), state: stacked(b, [inside, blocks, lane, b.min(done, 1), positions, start, furthest]) }
}

/** Of each token, how long the longest path of block `block` (both [B,T]) is up to it. */
function longestPath(b: GraphBuilder, region: Value, offset: Value, block: Value): Value {
  const [B, T] = region.shape as [Dim, Dim]
  const own = b.eq(b.reshape(block, [B, T, 1]), b.reshape(region, [B, 1, T]))
  const lengths = b.where(b.and(own, causal(b, T)), b.reshape(offset, [B, 1, T]), 0)
  return b.reduceMax(lengths, 2)
}

const causal = (b: GraphBuilder, T: Dim): Value => b.le(b.iota([T, T], 1), b.iota([T, T], 0))

/** Which tokens a token of whole rows sees, bool [B,T,T]; of packed rows those of its own segment. */
export function visibleInRows(b: GraphBuilder, { region, lane, done }: Looking, segments: Value | undefined): Value {
  const [B, T] = region.shape as [Dim, Dim]
  const [query, key] = [[B, T, 1], [B, 1, T]]
  const apart = hidden(b, { region: b.reshape(region, query), lane: b.reshape(lane, query), done: b.reshape(done, query) }, { region: b.reshape(region, key), lane: b.reshape(lane, key) })
  const seen = b.and(b.not(apart), causal(b, T))
  return segments ? b.and(seen, b.eq(b.reshape(segments, query), b.reshape(segments, key))) : seen
}

/** Both in paths of one block, and not in the same, that of the query not done. */
const hidden = (b: GraphBuilder, query: Looking, key: Place): Value =>
  b.and(b.and(b.and(b.lt(0, query.region), b.eq(query.done, 0)), b.eq(query.region, key.region)), b.ne(query.lane, key.lane))

const PLACES = 'cache.places'
const WALK = 'cache.walk'

/** Keeps what decoding needs of prompts [B,P]: each token's place, and how it stands behind the token at `last` i32 [B]. */
export function keepPaths(b: GraphBuilder, { region, lane, state }: PathRows, last: Value): void {
  const [, P, width] = state.shape as [Dim, Dim, number]
  const places = b.expandDims(stacked(b, [region, lane]), 2)
  b.assign(PLACES, b.padAxis(places, 1, 0, subtractDims('S', P)))
  b.assign(WALK, b.reshape(b.matmul(b.expandDims(b.oneHot(last, P), 1), state), ['B', width]))
}

/** One decoded token: tokens and index i32 [B] → its positions i32 [B], and which of the cache it sees, bool [B,S]. */
export function decodePaths(b: GraphBuilder, { open, close, path, end }: PathsPlan, tokens: Value, index: Value): { readonly positions: Value; readonly visible: Value } {
  const walk = b.input(WALK, 'f32', ['B', STATE.length], 'state')
  const [wasInside, wereBlocks, wasLane, wasDone, wasAt, wasStart, wasFurthest] = STATE.map((_, i) => b.squeeze(b.narrow(walk, 1, i, 1), 1)) as [Value, Value, Value, Value, Value, Value, Value]
  const opens = b.eq(tokens, open)
  const edge = b.or(opens, b.eq(tokens, close))
  const blocks = b.add(wereBlocks, number(b, opens))
  const inside = b.where(edge, number(b, opens), wasInside)
  const begins = b.and(b.eq(tokens, path), b.lt(0, inside))
  const lane = b.where(edge, 0, b.add(wasLane, number(b, begins)))
  const walking = b.lt(0, lane)
  const done = b.where(b.and(walking, b.not(begins)), b.max(wasDone, number(b, b.eq(tokens, end))), 0)
  const again = b.and(begins, b.lt(1, lane))
  const position = b.where(again, wasStart, b.add(1, b.where(b.and(walking, b.not(begins)), wasAt, wasFurthest)))
  const start = b.where(b.and(begins, b.not(again)), position, wasStart)
  b.assign(WALK, stacked(b, [inside, blocks, lane, done, position, start, b.max(wasFurthest, position)]))

  const region = b.where(walking, blocks, 0)
  const places = cacheWrite(b, b.input(PLACES, 'f32', ['B', 'S', 1, 2], 'state'), b.expandDims(stacked(b, [region, lane]), 1), index)
  b.assign(PLACES, places)
  const [regions, lanes] = [0, 1].map((i) => b.reshape(b.narrow(places, 3, i, 1), ['B', 'S'])) as [Value, Value]
  const shape = ['B', 'S']
  const own = { region: b.spread(region, shape, -1), lane: b.spread(lane, shape, -1), done: b.spread(done, shape, -1) }
  const visible = b.and(b.le(b.iota(shape, 1), b.spread(index, shape, -1)), b.not(hidden(b, own, { region: regions, lane: lanes })))
  return { positions: b.cast(position, 'i32'), visible }
}

const number = (b: GraphBuilder, x: Value): Value => b.cast(x, 'f32')

/** Along a new last axis. */
const stacked = (b: GraphBuilder, parts: readonly Value[]): Value => b.concat(parts.map((part) => b.expandDims(part, -1)), -1)
