import type { Database } from '#libs/persistence'
import { describeError, type Clock, type Logger } from '#libs/platform'
import { cosignatureIn, formatAddCheckpoint, type LogPolicy } from '#libs/signing'
import type { WitnessAnswer, WitnessLink } from '#libs/witness'
import { ANOTHER_HISTORY, beyond, contradictionTo, signedByBoth } from './fork-evidence.js'
import type { SuspendedWitnesses } from './suspended-witnesses.js'
import { consistencyProof, type Grown } from './tree.js'
import type { TreeStore } from './tree.store.js'

interface CosignersDependencies {
  database: Database
  tree: TreeStore
  clock: Clock
  log: Logger
}

/** Witnesses that a checkpoint is sent to, and the log's policy. */
interface Asked {
  witnesses: readonly WitnessLink[]
  policy: LogPolicy
}

/** Maximum duration of a call to a witness in ms. */
const EVERYBODY_MS = 5_000

/** Gets a checkpoint cosigned by its witnesses, each from its own size, and detects by their responses that the log was forked. */
export class Cosigners {
  /** `halt` is called with the signed evidence that this log must never grow again. */
  constructor(
    private readonly deps: CosignersDependencies,
    private readonly suspended: SuspendedWitnesses,
    private readonly halt: (reason: string) => void,
  ) {}

  /**
   * Resolves to the signature lines, as soon as they are a quorum or all witnesses have responded: a witness that hangs delays only a
   * checkpoint that needs it. `isFirst`: nothing was published since the start. Then a quorum of half the witnesses or fewer waits for the
   * others for up to 5 s, because one left behind would sign a tree that another can prove to be a second history.
   */
  sign({ witnesses, policy }: Asked, grown: Grown, note: string, { isFirst }: { isFirst: boolean }): Promise<string[]> {
    const asked = witnesses.filter(({ key }) => this.suspended.mayAsk(key))
    const enough = isFirst && policy.quorum * 2 <= policy.witnesses.length ? Infinity : Math.max(1, policy.quorum)
    return new Promise((resolve) => {
      const lines: string[] = []
      let waiting = asked.length
      const cancel = this.deps.clock.after(EVERYBODY_MS, () => lines.length >= policy.quorum && end())
      const end = (): void => {
        cancel()
        resolve([...lines])
      }
      if (waiting === 0) end()
      for (const witness of asked) {
        void this.cosigned(witness, policy, grown, note).then((line) => {
          if (line !== undefined) lines.push(line)
          if (--waiting === 0 || lines.length >= enough) end()
        })
      }
    })
  }

  /** Queries suspended witnesses whose wait has expired, even without a new checkpoint: they count again as soon as they sign. */
  async askSuspended({ witnesses, policy }: Asked, grown: Grown, note: string): Promise<void> {
    const asked = witnesses.filter(({ key }) => this.suspended.isSuspended(key) && this.suspended.mayAsk(key))
    await Promise.all(asked.map((witness) => this.cosigned(witness, policy, grown, note)))
  }

  /** Returns the witness's signature line. A witness that cannot be reached counts as missing, like one that does not sign. */
  private async cosigned(witness: WitnessLink, policy: LogPolicy, grown: Grown, note: string): Promise<string | undefined> {
    this.suspended.asked(witness.key)
    try {
      const line = await this.lineOf(witness, policy, grown, note)
      if (line !== undefined) this.suspended.restore(witness.key)
      return line
    } catch (error) {
      this.deps.log.debug({ witness: witness.key.name, error: describeError(error) }, 'a witness does not answer')
      return undefined
    }
  }

  private async lineOf(witness: WitnessLink, policy: LogPolicy, grown: Grown, note: string): Promise<string | undefined> {
    const { database, tree } = this.deps
    let { published: old } = grown
    // The second attempt starts from the size that the witness reports.
    for (let tries = 0; tries < 2; tries++) {
      const path = await database.transaction((tx) => consistencyProof(tree, tx, old, grown.size))
      const answer = await witness.addCheckpoint(formatAddCheckpoint({ old, path, checkpoint: note }))
      if (answer.status === 200) return await this.trueLine(witness, answer, note)
      const place = answer.status === 409 ? placeIn(answer.body) : undefined
      if (answer.status !== 422 && place === undefined) return undefined
      if (place === undefined || place === old) return await this.contradicted(witness, policy, grown, ANOTHER_HISTORY)
      if (place > grown.size) {
        const size = await this.sizeNow()
        // Another instance may have sent the witness a larger tree meanwhile.
        return place > size ? await this.contradicted(witness, policy, grown, beyond(place, size)) : undefined
      }
      old = place
    }
    return undefined
  }

  private async trueLine({ key }: WitnessLink, { body }: WitnessAnswer, note: string): Promise<string | undefined> {
    const line = cosignatureIn(body, note, key)
    if (line === undefined) this.suspended.suspend(key, 'its signature is not true')
    return line
  }

  /** Halts the log on evidence the log itself signed, and suspends a witness on unsigned claims. */
  private async contradicted(witness: WitnessLink, policy: LogPolicy, grown: Grown, reason: string): Promise<undefined> {
    const proven = await this.provenBy(witness, policy, grown)
    if (proven === undefined) this.suspended.suspend(witness.key, reason)
    else this.halt(proven)
  }

  private async provenBy(witness: WitnessLink, { log }: LogPolicy, grown: Grown): Promise<string | undefined> {
    const { database, tree } = this.deps
    try {
      const evidence = await signedByBoth(witness, log)
      return evidence && (await database.transaction((tx) => contradictionTo(evidence, grown, tree, tx)))
    } catch (error) {
      this.deps.log.debug({ witness: witness.key.name, error: describeError(error) }, 'a witness does not show what it signed')
      return undefined
    }
  }

  private sizeNow(): Promise<number> {
    const { database, tree } = this.deps
    return database.transaction((tx) => tree.size(tx))
  }
}

/** Reads the size in the body of a 409. */
function placeIn(body: string): number | undefined {
  const size = /^(0|[1-9][0-9]{0,15})\n?$/.test(body) ? Number(body) : NaN
  return Number.isSafeInteger(size) ? size : undefined
}
