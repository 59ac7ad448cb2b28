import type { KeyObject } from 'node:crypto'
import type { Envelope } from '../envelope.js'
import { spkiToKey } from '../keys.js'
import type { LogPolicy } from '../tlog/checkpoint.js'
import { readVkey } from '../tlog/note.js'
import type { Keys } from '../verify-envelope.js'
import type { EarlierRole, PrincipalKind, Revocation, Role, RosterKey, RosterPredicate } from './roster-predicate.js'

export type Principal = { id: string; name: string; kind: PrincipalKind; keys: RosterKey[] }

/** A roster that was read and found consistent: who is who, and whose keys count for what. Made by `readRoster`. */
export class Roster {
  readonly principals: ReadonlyMap<string, Principal>
  readonly #holders: ReadonlyMap<string, Principal>
  #installation: string | undefined
  /** When each revoked key stopped to count, in milliseconds. */
  readonly #revoked: ReadonlyMap<string, number>
  /** Every event that comes in asks for its producer's keys. */
  readonly #serviceKeys = new Map<string, Keys>()
  /** Every document that a reader checks asks for it; read late, for a roster that names a wrong key is still to be refused as such. */
  #logPolicies: readonly LogPolicy[] | undefined

  /** `envelope`: as it was read, for anyone who has to hand it on. */
  constructor(
    private readonly predicate: RosterPredicate,
    readonly digest: string,
    readonly envelope: Envelope,
  ) {
    this.#revoked = new Map(predicate.revoked?.map(({ keyid, since }) => [keyid, Date.parse(since)]))
    this.principals = new Map(Object.entries(predicate.principals).map(([id, rest]) => [id, { ...rest, id }]))
    this.#holders = new Map([...this.principals.values()].flatMap((holder) => holder.keys.map(({ keyid }) => [keyid, holder] as const)))
  }

  get version(): number {
    return this.predicate.version
  }

  /** Names the installation for as long as it lives: the digest of its first roster. */
  get installation(): string {
    return this.predicate.installation ?? this.#installation ?? this.digest
  }

  /** As it says itself; the first roster says nothing. */
  get namedInstallation(): string | undefined {
    return this.predicate.installation
  }

  /** Of one that does not name its installation itself: it is that of the roster which it follows. */
  following({ installation }: Roster): this {
    this.#installation = installation
    return this
  }

  get profile(): RosterPredicate['profile'] {
    return this.predicate.profile
  }

  /** RFC 3339; for the caller to judge, who has a clock. */
  get expires(): string {
    return this.predicate.expires
  }

  get roles(): readonly Role[] {
    return this.predicate.roles
  }

  get earlierRoles(): readonly EarlierRole[] {
    return this.predicate.earlierRoles ?? []
  }

  /** The approving roles of the time `at` (RFC 3339), as the earlier roles record them; empty where they record none that late. */
  earlierRolesAt(at: string): readonly EarlierRole[] {
    const covering = this.earlierRoles.filter(({ until }) => Date.parse(at) < Date.parse(until))
    const first = Math.min(...covering.map(({ until }) => Date.parse(until)))
    return covering.filter(({ until }) => Date.parse(until) === first)
  }

  /** What plans must hold to and how far an author counts, for the whole roster; a role may say more. */
  get rules(): Pick<RosterPredicate, 'bounds' | 'soleOfficial' | 'authorSigns'> {
    return this.predicate
  }

  /** Whose checkpoints count from now on; `undefined` when the roster names no log. */
  get logPolicy(): LogPolicy | undefined {
    return this.logPolicies[0]
  }

  /** By which a proof may count, whenever it was made: the log of now, then those before it. Empty when the roster names no log. */
  get logPolicies(): readonly LogPolicy[] {
    const { log, witnesses = [], quorum = 0, earlierLogs = [] } = this.predicate
    if (log === undefined) return []
    return (this.#logPolicies ??= [
      { log: readVkey(log), witnesses: witnesses.map(readVkey), quorum },
      ...earlierLogs.map((earlier) => ({
        log: readVkey(earlier.log),
        witnesses: earlier.witnesses.map(readVkey),
        quorum: earlier.quorum,
        until: Date.parse(earlier.until),
      })),
    ])
  }

  /** Names are unique, whatever their case; matched to the letter here. */
  principalByName(name: string): Principal | undefined {
    return [...this.principals.values()].find((principal) => principal.name === name)
  }

  principalOfKey(keyid: string): Principal | undefined {
    return this.#holders.get(keyid)
  }

  get revocations(): readonly Revocation[] {
    return this.predicate.revoked ?? []
  }

  /** Since when a key counts for nothing (RFC 3339); `undefined` for one that was never revoked. */
  revokedSince(keyid: string): string | undefined {
    return this.revocations.find((revocation) => revocation.keyid === keyid)?.since
  }

  /** Whether what this key signs now counts: it is within its time, and was never revoked. `now` is RFC 3339. */
  isLive(keyid: string, now: string): boolean {
    const key = this.principalOfKey(keyid)?.keys.find((each) => each.keyid === keyid)
    return key !== undefined && isValidAt(key, now) && !this.#isRevokedAt(keyid, undefined)
  }

  /** The role whose people change the roster; `undefined` where the heaviest role's number of any people does. */
  get rootRole(): Role | undefined {
    return this.roles.find((role) => role.match.root === true)
  }

  /**
   * Keys whose signatures count as this service's; empty for a service that the roster does not know. `at` (RFC 3339) is when it signed;
   * without it a key that was ever revoked is left out, for what is signed now.
   */
  serviceKeys(service: string, at?: string): Keys {
    if (at !== undefined) return this.#keysOfService(service, at)
    const known = this.#serviceKeys.get(service)
    if (known) return known
    const keys = this.#keysOfService(service)
    // Only what the roster names is kept, so that made-up names cannot fill the memory.
    if (keys.size > 0) this.#serviceKeys.set(service, keys)
    return keys
  }

  /**
   * Keys of all people, or of the operator: anyone who may sign, not what it means. `at` (RFC 3339) leaves out keys that were not valid or
   * revoked then; without it, those that were ever revoked.
   */
  keysOfKind(kind: PrincipalKind, at?: string): Keys {
    return this.#keysOfPrincipals((principal) => principal.kind === kind, at)
  }

  #keysOfService(service: string, at?: string): Keys {
    const members = this.roles.filter((role) => role.match.service === service).flatMap((role) => role.principals)
    return this.#keysOfPrincipals((principal) => members.includes(principal.id), at)
  }

  #keysOfPrincipals(which: (principal: Principal) => boolean, at?: string): Map<string, KeyObject> {
    const keys = [...this.principals.values()].filter(which).flatMap((principal) => principal.keys)
    return new Map(
      keys.filter((key) => isValidAt(key, at) && !this.#isRevokedAt(key.keyid, at)).map(({ keyid, spki }) => [keyid, spkiToKey(spki)]),
    )
  }

  #isRevokedAt(keyid: string, at: string | undefined): boolean {
    const since = this.#revoked.get(keyid)
    return since !== undefined && (at === undefined || Date.parse(at) >= since)
  }
}

function isValidAt({ notBefore, notAfter }: RosterKey, at: string | undefined): boolean {
  if (at === undefined) return true
  const time = Date.parse(at)
  return !(notBefore !== undefined && time < Date.parse(notBefore)) && !(notAfter !== undefined && time >= Date.parse(notAfter))
}
