import { Repeat, type Clock } from '#libs/platform'

const EVERY_MS = 2_000

/** One page that somebody looks at: made anew for all of them together, and sent when it says something else. */
export class FollowedPage {
  private readonly followers = new Set<(html: string) => void>()
  private readonly repeat: Repeat
  private last: string | undefined

  constructor(
    clock: Clock,
    private readonly make: () => Promise<string>,
  ) {
    // A page that cannot be made now is made the next time; the reader's copy says as of when it is.
    this.repeat = new Repeat(clock, { everyMs: EVERY_MS, run: () => this.look(), failed: () => {} })
  }

  get followed(): boolean {
    return this.followers.size > 0
  }

  /** Answers how to leave. The newest copy is sent at once where there is one. */
  follow(send: (html: string) => void): () => void {
    this.followers.add(send)
    if (this.last !== undefined) send(this.last)
    if (this.followers.size === 1) this.repeat.start(0)
    return () => {
      this.followers.delete(send)
      if (this.followers.size === 0) void this.repeat.stop()
    }
  }

  private async look(): Promise<void> {
    const html = await this.make()
    const changed = this.last === undefined || withoutTime(html) !== withoutTime(this.last)
    this.last = html
    if (changed) for (const send of this.followers) send(html)
  }
}

/** All but the moment at which it was made. */
function withoutTime(html: string): string {
  return html.replace(/<time data-as-of.*?<\/time>/s, '')
}
