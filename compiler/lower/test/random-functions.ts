// Random functions of the language over all levels: typed, bounded, and smooth where they are not meant to have kinks, so
// that every one checks and executors of other precision can be compared. Not a test itself.

import fc from 'fast-check'

export type Level = 'token' | 'rollout' | 'group' | 'batch'
/** Innermost first, as a kind declares them. */
export const LEVELS: readonly Level[] = ['token', 'rollout', 'group', 'batch']
const outside = (level: Level): Level[] => LEVELS.slice(LEVELS.indexOf(level) + 1)
const inside = (level: Level): Level[] => LEVELS.slice(0, LEVELS.indexOf(level))

/** Names that an expression may read, by level. */
export type Names = Readonly<Record<Level, readonly string[]>>

/** Every level has some. */
export const PARAMETERS: Names = {
  token: ['logp', 'old_logp', 'ref_logp', 'entropy'],
  rollout: ['reward', 'advantage', 'length'],
  group: ['difficulty'],
  batch: ['progress'],
}

export interface RandomFunction {
  /** `fn NAME(…): … { … }` */
  readonly source: string
  /** Its parameters: those that it reads. */
  readonly reads: readonly (readonly [name: string, level: Level])[]
  readonly result: Level
}

const HELPERS: readonly (readonly [name: string, source: string])[] = [
  ['blend', 'fn blend(a: Real per token, b: Real per token, weight: Real = 0.3): Real per token = weight * a + (1 - weight) * b'],
  ['mixed', 'fn mixed(a: Real per rollout, b: Real per rollout): Real per rollout {\n  let weight = sigmoid(b)\n  weight * a + (1 - weight) * b\n}'],
  ['halved', 'fn halved(x: Real per token): Real per token = 0.5 * tanh(x) + 0.1'],
  ['ends', 'fn ends(x: Real per token): { low: Real per token, high: Real per token } = { low = min(x, 0.21), high = max(x, 0.23) }'],
  ['clipped', 'fn clipped(x: Real per token, clip: Range[Real] = 0.21..0.43): Real per token = clamp(x, -clip.low, clip.high)'],
]

const per = (level: Level): string => (level === 'batch' ? 'Real' : `Real per ${level}`)
const words = (text: string): Set<string> => new Set(text.match(/[a-z_]\w*/g) ?? [])

/** Numbers of a level, or further out. Values that only rounding could order are kept apart by constants. */
function expressions(names: Names): Readonly<Record<Level, fc.Arbitrary<string>>> {
  type Rules = Readonly<Record<Level | `${Level} condition`, string>>
  const has = (level: Level): boolean => names[level].length > 0
  return fc.letrec<Rules>((tie) => {
    const own = (level: Level): fc.Arbitrary<string> => fc.constantFrom(...names[level])
    /** Reads the level itself, so that it can be reduced from there. */
    const exact = (level: Level): fc.Arbitrary<string> => fc.tuple(own(level), tie(level)).map(([leaf, x]) => `${leaf} + 0.25 * ${x}`)

    const rule = (level: Level): fc.Arbitrary<string> => {
      const any = tie(level)
      const readable = [level, ...outside(level)].filter(has)
      const leaf = fc.oneof(...readable.map((each) => ({ weight: each === level ? 4 : 1, arbitrary: own(each) })), fc.constantFrom('0.5', '1.25', '(-0.75)'))
      const arithmetic = fc.oneof(
        fc.tuple(any, fc.constantFrom('+', '-'), any).map(([a, op, b]) => `(${a} ${op} ${b})`),
        fc.tuple(any, any).map(([a, b]) => `(${a} * tanh(${b}))`),
        fc.tuple(any, any).map(([a, b]) => `(${a} / (1.5 + ${b} ^ 2))`),
        fc.tuple(fc.constantFrom('sigmoid', 'softplus', 'log_sigmoid', 'stop_gradient', 'sin', 'cos', 'tanh'), any).map(([f, x]) => `${f}(${x})`),
        fc.constantFrom(['exp(tanh(', '))'], ['log(1.5 + abs(', '))'], ['sqrt(1 + pow(', ', 2))'], ['(-', ')']).chain(([open, close]) => any.map((x) => `${open}${x}${close}`)),
      )
      const kinked = fc.oneof(
        fc.tuple(fc.constantFrom('min', 'max'), any, any).map(([f, a, b]) => `${f}(${a}, ${b} + 0.37)`),
        any.map((x) => `clamp(${x}, -0.31, 0.77)`),
        fc.tuple(tie(`${level} condition`), any, any).map(([test, a, b]) => `(if ${test} then ${a} else ${b})`),
        fc.tuple(tie(`${level} condition`), any, any).map(([test, a, b]) => `where(${test}, ${a}, ${b})`),
      )
      const reduced = inside(level)
        .filter(has)
        .map((from) =>
          fc.oneof(
            fc.tuple(fc.constantFrom('mean', 'min_of', 'max_of', 'first', 'last', 'var'), exact(from)).map(([f, x]) => `${f}(${x}, over = ${level})`),
            fc.tuple(exact(from), fc.boolean()).map(([x, padding]) => `(sum(${x}, over = ${level}${padding ? ', padding = true' : ''}) / 8)`),
            own(from).map((x) => `(count(${x}, over = ${level}) / 8)`),
            // What it is of must differ by more than rounding.
            fc.tuple(own(from), tie(from), fc.constantFrom(0, 1)).map(([leaf, x, ddof]) => `std(${leaf} + 0.01 * tanh(${x}), over = ${level}, ddof = ${ddof})`),
          ),
        )
      return fc.oneof({ maxDepth: 3, depthSize: 'medium', withCrossShrink: true }, leaf, { weight: 3, arbitrary: arithmetic }, { weight: 2, arbitrary: kinked }, ...reduced, ...(has(level) ? (along[level] ?? []) : []))
    }

    const along: Readonly<Partial<Record<Level, readonly fc.Arbitrary<string>[]>>> = {
      token: has('token')
        ? [
            fc.tuple(exact('token'), tie('rollout'), fc.boolean()).map(([x, decay, reverse]) => `scan(${x}, decay = 0.9 * sigmoid(${decay})${reverse ? ', reverse = true' : ''})`),
            fc.tuple(fc.constantFrom('previous', 'next'), exact('token'), fc.constantFrom('', ', default = 0.3')).map(([f, x, fallback]) => `${f}(${x}${fallback})`),
            own('token').map((x) => `(index(${x}) / 4)`),
            fc.tuple(fc.constantFrom('mean', 'max_of', 'min_of', 'sum'), exact('token'), fc.constantFrom('group', 'batch')).map(([f, x, over]) => `${f}(${x}, over = ${over}, by = token)`),
            exact('token').map((x) => `iterate(halved, ${x}, rounds = 3)`),
            fc.tuple(tie('token'), tie('token')).map(([a, b]) => `blend(${a}, ${b})`),
            fc.tuple(tie('token'), tie('token')).map(([a, b]) => `blend(weight = 0.6, b = ${a}, a = ${b})`),
            tie('token').map((x) => `clipped(${x}, clip = 0.17..0.29)`),
            fc.tuple(tie('token'), fc.constantFrom('low', 'high')).map(([x, end]) => `ends(${x}).${end}`),
          ]
        : [],
      rollout: has('rollout')
        ? [
            fc.tuple(fc.constantFrom('group', 'batch'), exact('rollout')).map(([over, x]) => `sort(${x}, over = ${over})`),
            fc.tuple(fc.constantFrom('group', 'batch'), exact('rollout')).map(([over, x]) => `(rank(${x}, over = ${over}) / 4)`),
            fc.tuple(fc.constantFrom('mean', 'max_of'), exact('rollout')).map(([f, x]) => `${f}(${x}, over = batch, by = rollout)`),
            fc.tuple(tie('rollout'), tie('rollout')).map(([a, b]) => `mixed(${a}, ${b})`),
          ]
        : [],
    }

    const condition = (level: Level): fc.Arbitrary<string> => {
      const [any, test] = [tie(level), tie(`${level} condition`)]
      return fc.oneof(
        { maxDepth: 2, depthSize: 'small' },
        fc.tuple(any, fc.constantFrom('<', '<=', '>', '>='), any).map(([a, op, b]) => `(${a} ${op} ${b} + 0.19)`),
        ...(has(level) ? [own(level).map((x) => `(${x} in -0.41..0.43)`)] : []),
        fc.tuple(any, any, any).map(([x, low, high]) => `(${x} in (-0.43 - abs(${low}))..(0.41 + abs(${high})))`),
        fc.tuple(test, fc.constantFrom('==', '!='), test).map(([a, op, b]) => `(${a} ${op} ${b})`),
        ...(has(level) && along[level] ? [own(level).map((x) => `counted(${x})`)] : []),
        fc.tuple(test, fc.constantFrom('and', 'or'), test).map(([a, op, b]) => `(${a} ${op} ${b})`),
        test.map((x) => `(not ${x})`),
        ...inside(level).filter(has).map((from) => fc.tuple(fc.constantFrom('any', 'all'), own(from)).map(([f, x]) => `${f}(${x} > 0.11, over = ${level})`)),
      )
    }
    return Object.fromEntries(LEVELS.flatMap((level) => [[level, rule(level)], [`${level} condition`, condition(level)]])) as { [K in keyof Rules]: fc.Arbitrary<Rules[K]> }
  })
}

/** Two values of random levels with names, each of which may be read by what follows, and a result that depends on both. */
export function randomFunction(name: string, names: Names, result: Level): fc.Arbitrary<RandomFunction> {
  return fc.tuple(fc.constantFrom(...LEVELS), fc.constantFrom(...LEVELS)).chain(([first, second]) => {
    const withFirst = { ...names, [first]: [...names[first], 'earlier'] }
    const withBoth = { ...withFirst, [second]: [...withFirst[second], 'later'] }
    return fc.tuple(expressions(names)[first], expressions(withFirst)[second], expressions(withBoth)[result]).map(([a, b, c]) => {
      const lets = [['earlier', first, a], ['later', second, b]] as const
      const brought = lets.map(([each, level]) => (inside(result).includes(level) ? `mean(${each}, over = ${result})` : each))
      const body = `${c} + 0.5 * ${brought.join(' - 0.25 * ')}`
      const read = words(`${a} ${b} ${body}`)
      const reads = LEVELS.flatMap((level) => names[level].filter((each) => read.has(each)).map((each) => [each, level] as const))
      const written = lets.map(([each, level, value]) => `  let ${each}: ${per(level)} = ${value}`)
      return { source: `fn ${name}(${reads.map(([each, level]) => `${each}: ${per(level)}`).join(', ')}): ${per(result)} {\n${written.join('\n')}\n  ${body}\n}\n`, reads, result }
    })
  })
}

/** A module with these functions, and the helpers that they call. */
export function moduleWith(functions: readonly RandomFunction[]): string {
  const body = functions.map(({ source }) => source).join('\n')
  const called = words(body)
  return `rlp 1\n${[...HELPERS.filter(([name]) => called.has(name)).map(([, text]) => text), body].join('\n')}`
}
