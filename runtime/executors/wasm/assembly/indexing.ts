// Rows of tables by index, sums along one axis, stable sorting: what is not a plain loop over elements.
// An index outside of its table stops the program (a trap), it never reads or writes elsewhere.

// @ts-ignore: decorator
@inline
function inside(index: i32, size: i32): usize {
  if (<u32>index >= <u32>size) unreachable()
  return <usize>index
}

/** out[i] = table[index[i]]; rows of `width` elements. Items: i. */
export function gather(table: usize, index: usize, out: usize, size: i32, width: i32, begin: i32, end: i32): void {
  const bytes = <usize>width << 2
  out += bytes * <usize>begin
  for (let i = begin; i < end; i++) {
    const from = table + inside(load<i32>(index + (<usize>i << 2)), size) * bytes
    if (width == 1) store<i32>(out, load<i32>(from))
    else memory.copy(out, from, bytes)
    out += bytes
  }
}

/** out = 0; out[index[i]] += update[i], in the order of i. Items: columns of the rows of `width`. */
export function scatter_add(index: usize, update: usize, out: usize, size: i32, count: i32, width: i32, begin: i32, end: i32): void {
  const bytes = <usize>width << 2
  const last = <usize>end << 2
  clear(out, size, bytes, begin, end)
  for (let i = 0; i < count; i++) {
    const to = out + inside(load<i32>(index + (<usize>i << 2)), size) * bytes
    let j = <usize>begin << 2
    for (; j + 16 <= last; j += 16) v128.store(to + j, f32x4.add(v128.load(to + j), v128.load(update + j)))
    for (; j < last; j += 4) store<f32>(to + j, load<f32>(to + j) + load<f32>(update + j))
    update += bytes
  }
}

/** Zeros in some columns of all rows. */
function clear(out: usize, rows: i32, row: usize, begin: i32, end: i32): void {
  const from = <usize>begin << 2
  const bytes = <usize>(end - begin) << 2
  if (bytes == row) memory.fill(out, 0, row * <usize>rows)
  else for (let i = 0; i < rows; i++, out += row) memory.fill(out + from, 0, bytes)
}

export function scatter_add_i32(index: usize, update: usize, out: usize, size: i32, count: i32, width: i32, begin: i32, end: i32): void {
  clear(out, size, <usize>width << 2, begin, end)
  for (let i = 0; i < count; i++) {
    const to = out + inside(load<i32>(index + (<usize>i << 2)), size) * (<usize>width << 2)
    for (let j = <usize>begin << 2; j < <usize>end << 2; j += 4) store<i32>(to + j, load<i32>(to + j) + load<i32>(update + j))
    update += <usize>width << 2
  }
}

/** out[i] = x[i][index[i]]. Items: i. */
export function pick(x: usize, index: usize, out: usize, width: i32, begin: i32, end: i32): void {
  x += <usize>width * <usize>begin << 2
  for (let i = begin; i < end; i++) {
    store<i32>(out + (<usize>i << 2), load<i32>(x + (inside(load<i32>(index + (<usize>i << 2)), width) << 2)))
    x += <usize>width << 2
  }
}

/** Sums along the middle axis of [outer, length, inner], accumulated in float64. Items: the outer axis. */
export function cumsum(x: usize, out: usize, length: i32, inner: i32, reverse: i32, begin: i32, end: i32): void {
  const row = <isize>inner << 2
  for (let o = begin; o < end; o++) {
    for (let j = 0; j < inner; j++) {
      const start = <isize>(o * length * inner + j) << 2
      const step = reverse ? -row : row
      let at = reverse ? start + row * (length - 1) : start
      let sum: f64 = 0
      for (let i = 0; i < length; i++) {
        sum += load<f32>(x + at)
        store<f32>(out + at, <f32>sum)
        at += step
      }
    }
  }
}

export function cumsum_i32(x: usize, out: usize, length: i32, inner: i32, reverse: i32, begin: i32, end: i32): void {
  const row = <isize>inner << 2
  for (let o = begin; o < end; o++) {
    for (let j = 0; j < inner; j++) {
      const start = <isize>(o * length * inner + j) << 2
      const step = reverse ? -row : row
      let at = reverse ? start + row * (length - 1) : start
      let sum = 0
      for (let i = 0; i < length; i++) {
        sum += load<i32>(x + at)
        store<i32>(out + at, sum)
        at += step
      }
    }
  }
}

/** y[t] = x[t] + decay[t]·y[t−1] along the middle axis, carried in float64. Items: the outer axis. */
export function linear_scan(decay: usize, x: usize, out: usize, length: i32, inner: i32, reverse: i32, begin: i32, end: i32): void {
  const row = <isize>inner << 2
  for (let o = begin; o < end; o++) {
    for (let j = 0; j < inner; j++) {
      const start = <isize>(o * length * inner + j) << 2
      const step = reverse ? -row : row
      let at = reverse ? start + row * (length - 1) : start
      let y: f64 = 0
      for (let i = 0; i < length; i++) {
        y = <f64>load<f32>(x + at) + (i > 0 ? <f64>load<f32>(decay + at) * y : 0)
        store<f32>(out + at, <f32>y)
        at += step
      }
    }
  }
}

/** NaN comes after everything else. */
// @ts-ignore: decorator
@inline
function before<T>(a: T, b: T): bool {
  if (isFloat<T>()) return a < b || (b != b && a == a)
  return a < b
}

/** Stable ascending order of each row: a bottom-up merge sort of positions. Items: rows. `work`: rows are sorted one by one, 4·width bytes. */
function order<T>(x: usize, out: usize, width: i32, work: usize, begin: i32, end: i32): void {
  x += <usize>width * <usize>begin << 2
  out += <usize>width * <usize>begin << 2
  for (let r = begin; r < end; r++) {
    let from = out
    let to = work
    for (let i = 0; i < width; i++) store<i32>(from + (<usize>i << 2), i)
    for (let run = 1; run < width; run <<= 1) {
      for (let low = 0; low < width; low += run << 1) {
        const middle = min(low + run, width)
        const high = min(low + (run << 1), width)
        let i = low
        let j = middle
        for (let k = low; k < high; k++) {
          const left = load<i32>(from + (<usize>i << 2))
          const right = load<i32>(from + (<usize>j << 2))
          const takeRight = i >= middle || (j < high && before<T>(load<T>(x + (<usize>right << 2)), load<T>(x + (<usize>left << 2))))
          store<i32>(to + (<usize>k << 2), takeRight ? right : left)
          if (takeRight) j++
          else i++
        }
      }
      const swap = from
      from = to
      to = swap
    }
    if (from != out) memory.copy(out, from, <usize>width << 2)
    x += <usize>width << 2
    out += <usize>width << 2
  }
}

export function argsort(x: usize, out: usize, width: i32, work: usize, begin: i32, end: i32): void { order<f32>(x, out, width, work, begin, end) }
export function argsort_i32(x: usize, out: usize, width: i32, work: usize, begin: i32, end: i32): void { order<i32>(x, out, width, work, begin, end) }
export function argsort_u32(x: usize, out: usize, width: i32, work: usize, begin: i32, end: i32): void { order<u32>(x, out, width, work, begin, end) }

/** Items: elements. */
export function copy(from: usize, out: usize, begin: i32, end: i32): void {
  memory.copy(out + (<usize>begin << 2), from + (<usize>begin << 2), <usize>(end - begin) << 2)
}

/** out[r][i] = x[r][order[r][i]]. Items: rows. */
export function take_rows(x: usize, order: usize, out: usize, width: i32, begin: i32, end: i32): void {
  const first = <usize>width * <usize>begin << 2
  x += first
  order += first
  out += first
  for (let r = begin; r < end; r++) {
    for (let i = 0; i < width; i++) {
      store<i32>(out, load<i32>(x + (<usize>load<i32>(order) << 2)))
      order += 4
      out += 4
    }
    x += <usize>width << 2
  }
}
