const START = Date.parse('2026-01-01T00:00:00Z')

/** What a seed did, one line a step. Ids are random and stay out: the same seed gives the same lines. */
export class History {
  readonly lines: string[] = []

  constructor(private readonly now: () => number) {}

  add(who: string, what: string): void {
    this.lines.push(`${String(this.now() - START).padStart(9)} ${who.padEnd(20)} ${what}`)
  }
}
