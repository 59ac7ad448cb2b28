import { createHash } from 'node:crypto'

/** What a seed did, one line a step. Ids are random and stay out: the same seed gives the same lines. */
export class History {
  readonly lines: string[] = []
  private readonly hash = createHash('sha256')

  constructor(private readonly now: () => number) {}

  add(who: string, what: string): void {
    const line = `${String(this.now() - START).padStart(9)} ${who.padEnd(20)} ${what}`
    this.lines.push(line)
    this.hash.update(line)
  }

  /** Over all lines so far. */
  digest(): string {
    return this.hash.copy().digest('hex')
  }
}

const START = Date.parse('2026-01-01T00:00:00Z')
