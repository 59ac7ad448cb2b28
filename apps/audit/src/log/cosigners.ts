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

/** Whom a checkpoint is shown to. */
interface Asked {
  witnesses: readonly WitnessLink[]
  policy: LogPolicy
}

/** As long as a call of a witness may take. */
const EVERYBODY_MS = 5_000

/** Gets a checkpoint signed by its witnesses, each from where it is, and hears from them that this log was forked. */
export class Cosigners {
  /** `halt` is told by what signed evidence this log may never grow again. */
  constructor(
    private readonly deps: CosignersDependencies,
    private readonly suspended: SuspendedWitnesses,
    private readonly halt: (reason: string) => void,
  ) {}

  /**
   * Signature lines, as soon as they are a quorum or everybody has answered: a witness that hangs holds up nobody whom it is not needed
   * for. `isFirst`: nothing was published since the start. Then a quorum that leaves as many out waits for the others a while, for one
   * that was left behind would sign what another can prove to be a second history.
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

  /** Asks the suspended whose wait is over, although there is nothing to publish: they count again as soon as they sign. */
  async askSuspended({ witnesses, policy }: Asked, grown: Grown, note: string): Promise<void> {
    const asked = witnesses.filter(({ key }) => this.suspended.isSuspended(key) && this.suspended.mayAsk(key))
    await Promise.all(asked.map((witness) => this.cosigned(witness, policy, grown, note)))
  }

  /** A witness that cannot be asked is missing, as one that does not sign. */
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
    // The second time from where the witness says that it is.
    for (let tries = 0; tries < 2; tries++) {
      const path = await database.transaction((tx) => consistencyProof(tree, tx, old, grown.size))
      const answer = await witness.addCheckpoint(formatAddCheckpoint({ old, path, checkpoint: note }))
      if (answer.status === 200) return await this.trueLine(witness, answer, note)
      const place = answer.status === 409 ? placeIn(answer.body) : undefined
      if (answer.status !== 422 && place === undefined) return undefined
      if (place === undefined || place === old) return await this.contradicted(witness, policy, grown, ANOTHER_HISTORY)
      if (place > grown.size) {
        const size = await this.sizeNow()
        // Another instance may have shown the witness more meanwhile.
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

  /** Halts by what the log itself signed, and suspends by what is only said. */
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

/** The size that a 409 names. */
function placeIn(body: string): number | undefined {
  const size = /^(0|[1-9][0-9]{0,15})\n?$/.test(body) ? Number(body) : NaN
  return Number.isSafeInteger(size) ? size : undefined
}
