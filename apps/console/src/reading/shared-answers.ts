import type { Clock } from '#libs/platform'

/** Reports the number of characters of a response, once its text is read. */
export type Weigh = (characters: number) => void

export interface ShareBounds {
  /** Time in ms for which a response is shared, from its request on. */
  forMs: number
  answers: number
  /** Bound on the texts of all answers together. */
  characters: number
}

interface Shared {
  at: number
  answer: Promise<unknown>
  characters: number
  cancel(): void
}

/** Shares responses by key. Drops each response when its time is over, and the oldest ones if there are too many or too large ones. */
export class SharedAnswers {
  private readonly shared = new Map<string, Shared>()
  private characters = 0

  constructor(
    private readonly clock: Pick<Clock, 'now' | 'after'>,
    private readonly bounds: ShareBounds,
  ) {}

  get held(): { answers: number; characters: number } {
    return { answers: this.shared.size, characters: this.characters }
  }

  /** Returns the shared response of a key, or makes it. `make` must not reject, because any result is shared. */
  get<T>(key: string, make: (weigh: Weigh) => Promise<T>): Promise<T> {
    const now = this.clock.now().getTime()
    const known = this.shared.get(key)
    // A clock that was set back must not keep an answer for longer.
    if (known !== undefined && now >= known.at && now - known.at < this.bounds.forMs) return known.answer as Promise<T>
    this.drop(key)
    let made: Shared | undefined
    const answer = make((characters) => {
      // The response may have been dropped, and requested again, before it came.
      if (made === undefined || this.shared.get(key) !== made) return
      this.characters += characters - made.characters
      made.characters = characters
      this.makeRoom()
    })
    made = { at: now, answer, characters: 0, cancel: this.clock.after(this.bounds.forMs, () => this.drop(key)) }
    this.shared.set(key, made)
    this.makeRoom()
    return answer
  }

  /** Makes a new response even if one is shared; later calls of `get` share the new one. */
  getAnew<T>(key: string, make: (weigh: Weigh) => Promise<T>): Promise<T> {
    this.drop(key)
    return this.get(key, make)
  }

  private makeRoom(): void {
    for (const oldest of this.shared.keys()) {
      if (this.shared.size <= this.bounds.answers && this.characters <= this.bounds.characters) return
      this.drop(oldest)
    }
  }

  private drop(key: string): void {
    const shared = this.shared.get(key)
    if (shared === undefined) return
    shared.cancel()
    this.shared.delete(key)
    this.characters -= shared.characters
  }
}
