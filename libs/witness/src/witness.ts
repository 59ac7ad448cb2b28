import type { Clock } from '#libs/platform'
import {
  cosign,
  decideCosignature,
  openNote,
  readAddCheckpoint,
  signedOnlyBy,
  SignatureError,
  type NoteKey,
  type Signer,
} from '#libs/signing'
import type { SeenStore } from './seen.store.js'
import type { WitnessResponse, WitnessLink } from './witness-link.js'

/** Signs a checkpoint of a known log only if the checkpoint extends the last one signed for that log. */
export class Witness implements WitnessLink {
  private tail: Promise<unknown> = Promise.resolve()

  constructor(
    readonly key: NoteKey,
    private readonly signer: Signer,
    /** Log keys of the newest roster. While a log changes its key, two keys have the log's name. */
    private readonly logs: () => readonly NoteKey[],
    private readonly seen: SeenStore,
    private readonly clock: Clock,
  ) {}

  /** Processes calls one after the other: no other call runs between reading the stored checkpoint and signing the next one. */
  addCheckpoint(text: string): Promise<WitnessResponse> {
    const response = this.tail.then(() => this.process(text))
    this.tail = response.catch(() => {})
    return response
  }

  async newestCheckpoint(origin: string): Promise<string | undefined> {
    const note = (await this.seen.get(origin))?.note
    return note === undefined ? undefined : note + (await this.cosigned(openNote(note).body))
  }

  private async process(text: string): Promise<WitnessResponse> {
    try {
      const request = readAddCheckpoint(text)
      const logKeys = this.logs().filter(({ name }) => request.checkpoint.startsWith(`${name}\n`))
      const [log] = logKeys
      if (log === undefined) return { status: 404, body: '' }
      const decision = decideCosignature(await this.seen.get(log.name), request, logKeys)
      if (decision.status === 409) return { status: 409, body: `${decision.size}\n` }
      if (decision.status !== 200) return { status: decision.status, body: '' }
      // Stored before the signature is sent. Otherwise a witness that crashes in between could later sign another history.
      await this.seen.set(log.name, { ...decision.seen, note: signedOnlyBy(logKeys, request.checkpoint) })
      return { status: 200, body: await this.cosigned(decision.body) }
    } catch (error) {
      if (error instanceof SignatureError) return { status: 400, body: '' }
      throw error
    }
  }

  private cosigned(body: string): Promise<string> {
    return cosign(body, Math.floor(this.clock.now().getTime() / 1_000), this.key, this.signer)
  }
}
