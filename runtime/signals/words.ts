// A text as numbers: how often each word of a list occurs in it, the bag of words of a small classifier.

/** Counts of words between white space, divided by 10 so that they are of the size of 1; words that are not in the list do not count. */
export function wordCounts(text: string, words: readonly string[]): number[] {
  const places = new Map(words.map((word, i) => [word, i]))
  const counts = words.map(() => 0)
  for (const word of text.split(/\s+/)) {
    const place = places.get(word)
    if (place !== undefined) counts[place] = (counts[place] as number) + 1
  }
  return counts.map((count) => count / 10)
}
