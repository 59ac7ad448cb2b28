import type { Clock } from '#libs/platform'
import { cosign, decideCosignature, readAddCheckpoint, SignatureError, type NoteKey, type Signer } from '#libs/signing'
import type { SeenStore } from './seen.store.js'
import type { WitnessAnswer, WitnessLink } from './witness-link.js'

/** Signs checkpoints of the logs that it knows, each only when it continues the last one that it signed. */
export class Witness implements WitnessLink {
  private tail: Promise<unknown> = Promise.resolve()

  constructor(
    readonly key: NoteKey,
    private readonly signer: Signer,
    /** Of the newest roster; one name may stand for two keys while a log changes its own. */
    private readonly logs: () => readonly NoteKey[],
    private readonly seen: SeenStore,
    private readonly clock: Clock,
  ) {}

  /** One after the other: between what is remembered and what is signed nothing may come. */
  addCheckpoint(text: string): Promise<WitnessAnswer> {
    const answer = this.tail.then(() => this.answer(text))
    this.tail = answer.catch(() => {})
    return answer
  }

  private async answer(text: string): Promise<WitnessAnswer> {
    try {
      const request = readAddCheckpoint(text)
      const named = this.logs().filter(({ name }) => request.checkpoint.startsWith(`${name}\n`))
      const [log] = named
      if (log === undefined) return { status: 404, body: '' }
      const decision = decideCosignature(await this.seen.get(log.name), request, named)
      if (decision.status === 409) return { status: 409, body: `${decision.size}\n` }
      if (decision.status !== 200) return { status: decision.status, body: '' }
      // Before the signature leaves: what it forgot, a witness would sign again in another form.
      await this.seen.set(log.name, decision.seen)
      const seconds = Math.floor(this.clock.now().getTime() / 1_000)
      return { status: 200, body: await cosign(decision.body, seconds, this.key, this.signer) }
    } catch (error) {
      if (error instanceof SignatureError) return { status: 400, body: '' }
      throw error
    }
  }
}
