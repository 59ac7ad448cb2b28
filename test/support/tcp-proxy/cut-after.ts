import type { Direction, InfectedFlow, Random, Toxic, Treatment } from './toxic.js'

interface CutOptions {
  /** Cut only so often of the times that the bytes were seen; always without it. */
  odds?: { probability: number; random: Random }
  /** Armed for so many cuts from the start. */
  times?: number
}

/**
 * Breaks off the client when certain bytes pass, and lets the server finish. Bytes on the way up reach the server first; bytes on the way
 * down, and all behind them, never reach the client.
 */
export class CutAfter implements Toxic {
  readonly directions: readonly Direction[]
  private armed: number
  private count = 0

  constructor(
    readonly name: string,
    private readonly pattern: Buffer,
    private readonly direction: Direction,
    private readonly options: CutOptions = {},
  ) {
    this.directions = [direction]
    this.armed = options.times ?? 1
  }

  /** How many connections it has cut. */
  get cuts(): number {
    return this.count
  }

  /** Sets it for so many more cuts. */
  arm(times = 1): void {
    this.armed = times
  }

  infect(flow: InfectedFlow): Treatment {
    const scan = new Scan(this.pattern)
    const { direction } = this
    const strikes = (): boolean => this.strikes()
    let cut = false
    return {
      async *bytes(chunk) {
        if (cut) return
        const end = scan.ends(chunk).find(strikes)
        cut = end !== undefined
        if (direction === 'up') yield chunk.subarray(0, end)
        else if (!cut) yield chunk
        if (cut) flow.abandonClient()
      },
    }
  }

  private strikes(): boolean {
    const { odds } = this.options
    if (this.armed === 0 || (odds !== undefined && odds.random() >= odds.probability)) return false
    this.armed -= 1
    this.count += 1
    return true
  }
}

/**
 * The ambiguous commit: the client's COMMIT fails, the transaction is stored.
 *
 * - `committed`: the reply is lost. Whoever looks afterwards finds the transaction.
 * - `sent`: the client is cut while the server may still be at it. Whoever looks too early does not find what will be there a moment later.
 *
 * Looks for whole messages of PostgreSQL's protocol (type, length, text, NUL): a simple query `COMMIT` on the way up, or the tag that
 * every successful commit is answered with. A COMMIT that is answered by an error or with ROLLBACK is no commit, and is not cut.
 */
export function cutAtCommit(moment: 'sent' | 'committed', options: CutOptions = {}): CutAfter {
  return moment === 'sent'
    ? new CutAfter('cut when COMMIT is sent', message('Q', 'COMMIT'), 'up', options)
    : new CutAfter('cut before the reply to COMMIT', message('C', 'COMMIT'), 'down', options)
}

function message(type: string, text: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(4 + text.length + 1)
  return Buffer.concat([Buffer.from(type), length, Buffer.from(`${text}\0`)])
}

/** Finds a pattern in a stream, also where chunks part it. */
class Scan {
  private tail = Buffer.alloc(0)

  constructor(private readonly pattern: Buffer) {}

  /** Where in this chunk occurrences end. */
  ends(chunk: Buffer): number[] {
    const text = Buffer.concat([this.tail, chunk])
    const found: number[] = []
    for (let at = text.indexOf(this.pattern); at >= 0; at = text.indexOf(this.pattern, at + this.pattern.length)) {
      found.push(at + this.pattern.length - this.tail.length)
    }
    // Shorter than the pattern, so that nothing is found twice.
    this.tail = text.subarray(Math.max(0, text.length - this.pattern.length + 1))
    return found
  }
}
