// A bound on how many tasks run at the same time; the others wait in the order they came.

/** A function that runs tasks, at most `most` of them at once. */
export function atMost(most: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  return async (task) => {
    if (running >= most) await new Promise<void>((resume) => waiting.push(resume))
    else running++
    try {
      return await task()
    } finally {
      // The next one takes this one's place, which so is never free in between.
      const resume = waiting.shift()
      if (resume) resume()
      else running--
    }
  }
}
