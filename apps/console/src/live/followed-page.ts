import { PeriodicTask, type Clock } from '#libs/platform'
import type { ShownPage } from '../layout/page-maker.js'

const EVERY_MS = 2_000
/** Number of pages that are made every `EVERY_MS`. With more pages, each is made less often, because anybody may follow many pages. */
const PAGES_IN_TIME = 64

export type MadePage = Pick<ShownPage, 'html' | 'still'>

/** Receives a copy of the page, and whether it is the last copy. */
type Follower = (html: string, isLast: boolean) => void

/** Page that readers follow: it is made again at intervals, once for all readers, and sent to them when it has changed. */
export class FollowedPage {
  private readonly followers = new Set<Follower>()
  private readonly repeat: PeriodicTask
  private last: MadePage | undefined

  constructor(
    clock: Clock,
    private readonly make: () => Promise<MadePage>,
    /** Returns how many pages are followed now. */
    private readonly count: () => number = () => 1,
  ) {
    // A page that cannot be made now is made the next time; the reader's copy says as of when it is.
    this.repeat = new PeriodicTask(clock, {
      everyMs: () => (this.last?.still === true ? Infinity : pauseMs(this.count())), // guard: console-still-once
      run: () => this.poll(),
      failed: () => {},
    })
  }

  get followed(): boolean {
    return this.followers.size > 0
  }

  /** Adds a follower, who gets the newest copy at once if there is one. Returns a function that removes the follower. */
  follow(send: Follower): () => void {
    this.followers.add(send)
    if (this.last !== undefined) send(this.last.html, this.last.still)
    if (this.followers.size === 1 && this.last?.still !== true) this.repeat.start(0)
    return () => {
      this.followers.delete(send)
      if (this.followers.size === 0) void this.repeat.stop()
    }
  }

  private async poll(): Promise<void> {
    const made = await this.make()
    const changed = this.last === undefined || withoutTime(made.html) !== withoutTime(this.last.html)
    this.last = made
    if (changed || made.still) for (const send of this.followers) send(made.html, made.still)
  }
}

function pauseMs(pages: number): number {
  return EVERY_MS * Math.max(1, Math.ceil(pages / PAGES_IN_TIME)) // guard: console-many-pages
}

function withoutTime(html: string): string {
  return html.replace(/<time data-as-of.*?<\/time>/s, '')
}
