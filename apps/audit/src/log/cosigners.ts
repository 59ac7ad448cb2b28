import type { Database } from '#libs/persistence'
import { describeError, type Logger } from '#libs/platform'
import { cosignatureIn, formatAddCheckpoint, type LogPolicy } from '#libs/signing'
import type { WitnessAnswer, WitnessLink } from '#libs/witness'
import { consistencyProof, type Grown } from './tree.js'
import type { TreeStore } from './tree.store.js'

interface CosignersDependencies {
  database: Database
  tree: TreeStore
  log: Logger
}

const ANOTHER_HISTORY = 'a witness saw another history of this log'

/** Gets a checkpoint signed by its witnesses, each from where it is, and hears from them that this log was forked. */
export class Cosigners {
  /** `halt` is told why this log may never grow again. */
  constructor(
    private readonly deps: CosignersDependencies,
    private readonly halt: (reason: string) => void,
  ) {}

  /** Signature lines, as soon as they are a quorum or everybody has answered: a witness that hangs holds up nobody whom it is not needed for. */
  sign({ witnesses, policy }: { witnesses: readonly WitnessLink[]; policy: LogPolicy }, grown: Grown, note: string): Promise<string[]> {
    const enough = Math.max(1, policy.quorum)
    return new Promise((resolve, reject) => {
      const lines: string[] = []
      let waiting = witnesses.length
      if (waiting === 0) resolve([])
      for (const witness of witnesses) {
        this.cosigned(witness, grown, note).then((line) => {
          if (line !== undefined) lines.push(line)
          if (--waiting === 0 || lines.length >= enough) resolve([...lines])
        }, reject)
      }
    })
  }

  private async cosigned(witness: WitnessLink, grown: Grown, note: string): Promise<string | undefined> {
    const { database, tree, log } = this.deps
    let { published: old } = grown
    // The second time from where the witness says that it is.
    for (let tries = 0; tries < 2; tries++) {
      const path = await database.transaction((tx) => consistencyProof(tree, tx, old, grown.size))
      const answer = await this.ask(witness, formatAddCheckpoint({ old, path, checkpoint: note }))
      if (answer?.status === 200) {
        const line = cosignatureIn(answer.body, note, witness.key)
        if (line === undefined) log.warn({ witness: witness.key.name }, 'a witness answers, and its signature is not true')
        return line
      }
      if (answer?.status === 422) this.halt(ANOTHER_HISTORY)
      if (answer?.status !== 409) return undefined
      const seen = await this.placeOf(answer.body, old, grown)
      if (seen === undefined) return undefined
      old = seen
    }
    return undefined
  }

  private async ask(witness: WitnessLink, text: string): Promise<WitnessAnswer | undefined> {
    try {
      return await witness.addCheckpoint(text)
    } catch (error) {
      this.deps.log.debug({ witness: witness.key.name, error: describeError(error) }, 'a witness does not answer')
      return undefined
    }
  }

  /** From which size to ask again; `undefined` when that helps nobody. */
  private async placeOf(body: string, old: number, grown: Grown): Promise<number | undefined> {
    const seen = /^(0|[1-9][0-9]{0,15})\n?$/.test(body) ? Number(body) : NaN
    if (!Number.isSafeInteger(seen)) return undefined
    if (seen === old) this.halt(ANOTHER_HISTORY)
    else if (seen <= grown.size) return seen
    // Another instance may have shown the witness more meanwhile.
    else if (seen > (await this.sizeNow())) this.halt(`a witness saw ${seen} entries, and the log has ${grown.size}: it was restored from a backup`)
    return undefined
  }

  private sizeNow(): Promise<number> {
    const { database, tree } = this.deps
    return database.transaction((tx) => tree.size(tx))
  }
}
