import type { Database, Transaction } from '#libs/persistence'
import { describeError, type Clock, type Logger } from '#libs/platform'
import {
  type Checkpoint,
  cosignatureIn,
  formatAddCheckpoint,
  isSignedBy,
  type LogPolicy,
  type NoteKey,
  openNote,
  readCheckpoint,
  unlessRefused,
} from '#libs/signing'
import type { WitnessLink } from '#libs/witness'
import type { SuspendedWitnesses } from './suspended-witnesses.js'
import { consistencyProof, type Grown, rootOf } from './tree.js'
import type { TreeStore } from './tree.store.js'
import { isSameBytes } from '#libs/contracts'

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

/** Time in ms after which a quorum no longer waits for the other witnesses; equal to the timeout of one call. */
const EVERYBODY_MS = 5_000

/** Gets the witnesses' signatures, with a consistency proof from the size each has seen. A response may show a forked log. */
export class Cosigners {
  /** `halt`: called with the reason when signed evidence shows that this log must never grow again. */
  constructor(
    private readonly deps: CosignersDependencies,
    private readonly suspended: SuspendedWitnesses,
    private readonly halt: (reason: string) => void,
  ) {}

  /**
   * Resolves to the signature lines once they are a quorum or all witnesses responded. `isFirst`: this process has published nothing with
   * these keys. A quorum of at most half then waits 5 s for the other witnesses, because a witness left out may sign a second history.
   */
  sign({ witnesses, policy }: Asked, grown: Grown, note: string, { isFirst }: { isFirst: boolean }): Promise<string[]> {
    const asked = witnesses.filter(({ key }) => this.suspended.mayAsk(key))
    // guard: witness-left-behind
    const enough = isFirst && policy.quorum * 2 <= policy.witnesses.length ? Infinity : Math.max(1, policy.quorum)
    return new Promise((resolve) => {
      const lines = new Map<string, string>()
      let waiting = asked.length
      const cancel = this.deps.clock.after(EVERYBODY_MS, () => lines.size >= policy.quorum && end())
      const end = (): void => {
        cancel()
        resolve([...lines.values()])
      }
      if (waiting === 0) end()
      for (const witness of asked) {
        void this.cosigned(witness, policy, grown, note).then((line) => {
          if (line !== undefined) lines.set(witness.key.id, line)
          if (--waiting === 0 || lines.size >= enough) end()
        })
      }
    })
  }

  /** Sends a published checkpoint to suspended witnesses whose wait has expired. A witness that signs it counts again. */
  async askSuspended({ witnesses, policy }: Asked, grown: Grown, note: string): Promise<void> {
    const asked = witnesses.filter(({ key }) => this.suspended.isSuspended(key) && this.suspended.mayAsk(key))
    await Promise.all(asked.map((witness) => this.cosigned(witness, policy, grown, note)))
  }

  /** Returns the witness's signature line; `undefined` if the witness does not sign or cannot be reached. */
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
      const path = await database.autocommit((tx) => consistencyProof(tree, tx, old, grown.size))
      const answer = await witness.addCheckpoint(formatAddCheckpoint({ old, path, checkpoint: note }))
      if (answer.status === 200) {
        const line = cosignatureIn(answer.body, note, witness.key)
        if (line === undefined) this.suspended.suspend(witness.key, 'its signature is not true')
        return line
      }
      const seen = answer.status === 409 ? seenSizeIn(answer.body) : undefined
      if (answer.status !== 422 && seen === undefined) return undefined
      if (seen === undefined || seen === old) return await this.contradicted(witness, policy, grown, ANOTHER_HISTORY)
      if (seen > grown.size) {
        const size = await database.autocommit((tx) => tree.size(tx))
        // Another instance may have sent the witness a larger tree meanwhile.
        return seen > size ? await this.contradicted(witness, policy, grown, beyond(seen, size)) : undefined
      }
      old = seen
    }
    return undefined
  }

  /** Handles a contradiction: halts the log on evidence that the log itself signed, and suspends the witness for an unsigned claim. */
  private async contradicted(witness: WitnessLink, policy: LogPolicy, grown: Grown, reason: string): Promise<undefined> {
    const proven = await this.provenBy(witness, policy, grown)
    if (proven === undefined) this.suspended.suspend(witness.key, reason) // guard: witness-suspended-not-halted
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
}

/** Reads the size that the witness has seen, from the body of a 409. */
function seenSizeIn(body: string): number | undefined {
  const size = /^(0|[1-9][0-9]{0,15})\n?$/.test(body) ? Number(body) : NaN
  return Number.isSafeInteger(size) ? size : undefined
}

/** Returns the newest checkpoint of a witness if both the witness and the log signed it; any other response proves nothing. */
export async function signedByBoth(witness: WitnessLink, log: NoteKey): Promise<Checkpoint | undefined> {
  const note = await witness.newestCheckpoint?.(log.name)
  if (note === undefined || !isSignedBy(log, note) || !isSignedBy(witness.key, note)) return undefined // guard: witness-evidence
  const checkpoint = unlessRefused(() => readCheckpoint(openNote(note).body), undefined)
  return checkpoint?.origin === log.name ? checkpoint : undefined
}

/** Returns how this tree contradicts a checkpoint that the log signed; `undefined` if it does not. */
export async function contradictionTo(
  { size, root }: Checkpoint,
  grown: Grown,
  tree: TreeStore,
  tx: Transaction,
): Promise<string | undefined> {
  if (size > grown.size) {
    // Another instance may have sent the witness a larger tree meanwhile.
    const now = await tree.size(tx)
    return size > now ? beyond(size, now) : undefined
  }
  return size === 0 || isSameBytes(root, await rootOf(tree, tx, size)) ? undefined : ANOTHER_HISTORY // guard: witness-evidence-root
}

export const ANOTHER_HISTORY = 'a witness saw another history of this log'

export function beyond(seen: number, size: number): string {
  return `a witness saw ${seen} entries, and the log has ${size}: it was restored from a backup`
}
