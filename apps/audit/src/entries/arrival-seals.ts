import type { Envelope, JsonObject } from '#libs/contracts'
import {
  requireArrival,
  SignatureError,
  signArrival,
  type ApprovedRelease,
  type ArrivalPredicate,
  type Roster,
  type Signer,
} from '#libs/signing'
import { leafHashOf, leafOf, type EntryFacts } from './entry.js'

/** Columns of a row that waits for its log index, as the driver reads them. */
export interface ArrivalRow {
  nth: string
  event_id: string
  at: Date
  source: string
  type: string
  topic: string
  key: string
  run: string | null
  entry: string
  digest: string
  leaf_hash: Buffer
  releases: ApprovedRelease[] | null
  actors: string[] | null
  seal: Envelope | null
}

/** Signs an event's row on arrival and verifies it before it gets an index: a row that another writer made is never an entry. */
export class ArrivalSeals {
  constructor(
    private readonly signer: Signer,
    private readonly roster: () => Roster,
  ) {}

  sign(facts: EntryFacts, releases: readonly ApprovedRelease[] | undefined, actors: readonly string[]): Promise<Envelope> {
    return signArrival(predicateOf(leafOf(facts), releases ?? null, actors), this.signer)
  }

  /** Returns why a row is refused; `undefined` if audit's signature covers the values of all its columns. */
  refusalOf(row: ArrivalRow): string | undefined {
    if (row.seal === null) return 'it is not signed' // guard: arrival-rows-signed
    try {
      requireArrival(row.seal, predicateOf(row.entry, row.releases, row.actors ?? []), this.roster().serviceKeys('audit'))
      return misfitOf(row, JSON.parse(row.entry) as EntryFacts)
    } catch (error) {
      return error instanceof SignatureError ? error.detail : 'its entry cannot be read'
    }
  }
}

function predicateOf(entry: string, releases: readonly ApprovedRelease[] | null, actors: readonly string[]): ArrivalPredicate {
  return { entry, releases: (releases ?? []).map((release) => ({ ...release }) as JsonObject), actors: [...actors] }
}

function misfitOf(row: ArrivalRow, facts: EntryFacts): string | undefined {
  const { event, at, source, type, topic, key, run, digest } = facts
  const columns = [
    row.event_id,
    row.at.getTime(),
    row.source,
    row.type,
    row.topic,
    row.key,
    row.run === null ? null : Number(row.run),
    row.digest,
  ]
  const signed = [event, Date.parse(at), source, type, topic, key, run, digest]
  const isSame = columns.every((value, index) => value === signed[index]) && row.leaf_hash.equals(leafHashOf(facts))
  return isSame ? undefined : 'its columns differ from its entry'
}
