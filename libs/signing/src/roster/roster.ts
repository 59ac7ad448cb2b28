import type { PublicKey } from '../crypto/node.js'
import type { Envelope } from '../envelope.js'
import { spkiToKey } from '../keys.js'
import type { LogPolicy } from '../tlog/checkpoint.js'
import { readVkey } from '../tlog/note.js'
import type { Keys } from '../verify-envelope.js'
import type { EarlierRole, PrincipalKind, Revocation, Role, RosterKey, RosterPredicate } from './roster-predicate.js'

export type Principal = { id: string; name: string; kind: PrincipalKind; keys: RosterKey[] }

/** A roster that `readRoster` or `readUnsignedRoster` found consistent: principals, keys and roles. */
export class Roster {
  readonly principals: ReadonlyMap<string, Principal>
  readonly #holders: ReadonlyMap<string, Principal>
  #installation: string | undefined
  /** Revocation time of each revoked key, in milliseconds. */
  readonly #revoked: ReadonlyMap<string, number>
  /** Keys by service; cached, because every received event needs the keys of its producer. */
  readonly #serviceKeys = new Map<string, Keys>()
  /** Cached, because every verified document needs it. Parsed lazily, so that the checks of `readUnsignedRoster` report a wrong key. */
  #logPolicies: readonly LogPolicy[] | undefined

  /** `envelope`: envelope of the roster, for callers that pass it on. */
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

  /** Id of the installation: digest of its first roster. */
  get installation(): string {
    return this.predicate.installation ?? this.#installation ?? this.digest
  }

  /** Installation named in the roster; `undefined` in the first roster. */
  get namedInstallation(): string | undefined {
    return this.predicate.installation
  }

  /** Takes over the installation of the preceding roster, used if this roster names none. Returns this roster. */
  following({ installation }: Roster): this {
    this.#installation = installation
    return this
  }

  get profile(): RosterPredicate['profile'] {
    return this.predicate.profile
  }

  /** End of validity (RFC 3339); the caller checks it. */
  get expires(): string {
    return this.predicate.expires
  }

  get roles(): readonly Role[] {
    return this.predicate.roles
  }

  get earlierRoles(): readonly EarlierRole[] {
    return this.predicate.earlierRoles ?? []
  }

  /** Returns the replaced approving roles that were in force at `at` (RFC 3339); empty if the current roles were. */
  earlierRolesAt(at: string): readonly EarlierRole[] {
    const covering = this.earlierRoles.filter(({ until }) => Date.parse(at) < Date.parse(until))
    const first = Math.min(...covering.map(({ until }) => Date.parse(until)))
    return covering.filter(({ until }) => Date.parse(until) === first)
  }

  /** Bounds on plans and rules about authors for the whole roster; a role may add to them. */
  get rules(): Pick<RosterPredicate, 'bounds' | 'soleOfficial' | 'authorSigns'> {
    return this.predicate
  }

  /** Current log and witnesses; `undefined` if the roster names no log. */
  get logPolicy(): LogPolicy | undefined {
    return this.logPolicies[0]
  }

  /** Logs by which a proof may be valid: the current one, then the replaced ones. Empty if the roster names no log. */
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

  /** Returns the names of a principal's roles. */
  rolesOf(id: string): string[] {
    return this.roles.filter(({ principals }) => principals.includes(id)).map(({ name }) => name)
  }

  get people(): readonly Principal[] {
    return [...this.principals.values()].filter(({ kind }) => kind === 'person')
  }

  /** Returns the name of a principal; the id itself for one that the roster does not have. */
  nameOf(id: string): string {
    return this.principals.get(id)?.name ?? id
  }

  /** Returns the principal with exactly this name. Names are unique, regardless of case, width and blanks. */
  principalByName(name: string): Principal | undefined {
    return [...this.principals.values()].find((principal) => principal.name === name)
  }

  principalOfKey(keyid: string): Principal | undefined {
    return this.#holders.get(keyid)
  }

  get revocations(): readonly Revocation[] {
    return this.predicate.revoked ?? []
  }

  /** Returns the time since which a key is revoked (RFC 3339); `undefined` if it was never revoked. */
  revokedSince(keyid: string): string | undefined {
    return this.revocations.find((revocation) => revocation.keyid === keyid)?.since
  }

  /** Whether a key may sign at `now` (RFC 3339): the key is within its validity, and was never revoked. */
  isLive(keyid: string, now: string): boolean {
    const key = this.principalOfKey(keyid)?.keys.find((each) => each.keyid === keyid)
    return key !== undefined && isValidAt(key, now) && !this.#isRevokedAt(keyid, undefined)
  }

  /** Role whose people sign roster changes; if `undefined`, see `rootState`. */
  get rootRole(): Role | undefined {
    return this.roles.find((role) => role.match.root === true)
  }

  /** Returns a service's keys, if any: valid and not revoked at the signing time `at` (RFC 3339); without `at`, all never revoked. */
  serviceKeys(service: string, at?: string): Keys {
    if (at !== undefined) return this.#keysOfService(service, at)
    const known = this.#serviceKeys.get(service)
    if (known) return known
    const keys = this.#keysOfService(service)
    // Only known services are cached, so that unknown names cannot fill the memory.
    if (keys.size > 0) this.#serviceKeys.set(service, keys)
    return keys
  }

  /** Returns the keys with which a service could sign at `since` (RFC 3339) or later: not expired or revoked before. */
  serviceKeysSince(service: string, since: string): Keys {
    const starts = [...this.principals.values()].flatMap(({ keys }) => keys.map(({ notBefore = since }) => notBefore))
    const later = new Set(starts.filter((at) => Date.parse(at) > Date.parse(since)))
    return new Map([since, ...later].flatMap((at) => [...this.#keysOfService(service, at)]))
  }

  /** Returns the keys of all principals of a kind: valid and not revoked at `at` (RFC 3339); without `at`, all that were never revoked. */
  keysOfKind(kind: PrincipalKind, at?: string): Keys {
    return this.#keysOfPrincipals((principal) => principal.kind === kind, at)
  }

  #keysOfService(service: string, at?: string): Keys {
    const members = this.roles.filter((role) => role.match.service === service).flatMap((role) => role.principals)
    return this.#keysOfPrincipals((principal) => members.includes(principal.id), at)
  }

  #keysOfPrincipals(which: (principal: Principal) => boolean, at?: string): Map<string, PublicKey> {
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
