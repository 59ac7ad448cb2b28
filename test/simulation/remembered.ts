/** More than a seed asks for. */
const MAX_KEPT = 1_000

/** A pure function whose answer is kept by a name of what it was asked; everybody who asks shares it. */
export function remembered<Arguments extends unknown[], Answer>(
  answer: (...asked: Arguments) => Answer,
  nameOf: (...asked: Arguments) => string,
): (...asked: Arguments) => Answer {
  const known = new Map<string, Answer>()
  return (...asked) => {
    const name = nameOf(...asked)
    const before = known.get(name)
    if (before !== undefined) return before
    if (known.size >= MAX_KEPT) known.clear()
    const given = answer(...asked)
    known.set(name, given)
    return given
  }
}
