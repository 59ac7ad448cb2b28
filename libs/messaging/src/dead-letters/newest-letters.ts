import type { DeadLetterState } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { DEAD_LETTERS, type DeadLetter } from './dead-letter.table.js'
import { keyExcerpt } from './letter-content.js'

/** Letters are read in small pages and returned without content: each may contain 4 MiB, and a list must not hold them all in memory. */
const PAGE = 10

export async function newestLetters(tx: Transaction, states: readonly DeadLetterState[] | undefined, limit: number): Promise<DeadLetter[]> {
  const found: DeadLetter[] = []
  const where = states === undefined ? undefined : { state: states }
  let after: string | undefined
  for (let size = PAGE; found.length < limit;) {
    const page = await tx.documents(DEAD_LETTERS).find({ where, orderBy: 'at', descending: true, after, limit: size })
    // Letters of one millisecond stay together: the next page starts below all of them.
    const whole = page.length < size ? page : page.filter((letter) => letter.at !== page.at(-1)!.at)
    if (whole.length === 0 && page.length > 0) {
      size *= 2
      continue
    }
    found.push(...whole.map(withoutContent))
    if (page.length < size) break
    after = whole.at(-1)!.at
    size = PAGE
  }
  return found.slice(0, limit)
}

function withoutContent(letter: DeadLetter): DeadLetter {
  const { raw: _raw, key, ...rest } = letter
  return { ...rest, key: key === null ? null : keyExcerpt(key), value: null, headers: {} }
}
