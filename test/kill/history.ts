import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Actions and observations, in order: one JSON object per line, kept in memory and written only after a failure. */
export class History {
  private readonly startedAt = Date.now()
  private readonly lines: string[] = []

  constructor(private readonly seed: number) {}

  add(what: string, fields: Record<string, unknown> = {}): void {
    this.lines.push(JSON.stringify({ ms: Date.now() - this.startedAt, what, ...fields }))
  }

  /** Answers the path. */
  save(): string {
    const path = join(tmpdir(), `hms-kill-${this.seed}-${this.startedAt}.ndjson`)
    writeFileSync(path, `${this.lines.join('\n')}\n`)
    return path
  }
}
