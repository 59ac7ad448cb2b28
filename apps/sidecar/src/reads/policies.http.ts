import { HmsError, type LocalPolicyView } from '#libs/contracts'
import type { Reader } from '#libs/evaluation'
import { isKnown } from '#libs/platform'
import { createHash } from 'node:crypto'
import { stateOf, type HeldValues } from '../held-values.js'
import type { SidecarResponse } from '../http/answer.js'

/** `GET /v1/policies` and `GET /v1/policies/{id}`: the policies in force for the side-car's own bot and region. */
export class PolicyReads {
  constructor(
    private readonly values: HeldValues,
    private readonly reader: Reader,
  ) {}

  list(query: URLSearchParams, ifNoneMatch?: string): SidecarResponse {
    this.requireOwnReader(query)
    const views = this.values.ids().map((id) => localView(id, this.values))
    return this.answer(views, views[0]?.ageMs ?? 0, ifNoneMatch)
  }

  show(id: string, query: URLSearchParams, ifNoneMatch?: string): SidecarResponse {
    this.requireOwnReader(query)
    const view = localView(id, this.values)
    return this.answer(view, view.ageMs, ifNoneMatch)
  }

  /** The ETag covers all members except the age, which always changes. So the ETag is weak, and a 304 has the age in a header. */
  private answer(body: object, ageMs: number, ifNoneMatch: string | undefined): SidecarResponse {
    const state = stateOf(this.values)
    const hashed = JSON.stringify([state, body], (name, value: unknown) => (name === 'ageMs' ? undefined : value))
    const etag = `"${createHash('sha256').update(hashed).digest('hex').slice(0, 32)}"`
    const headers = { etag: `W/${etag}`, age: String(Math.floor(ageMs / 1_000)), 'cache-control': 'no-cache', 'hms-state': state }
    return isKnown(etag, ifNoneMatch) ? { status: 304, headers } : { body: JSON.stringify(body), headers }
  }

  /** Refuses reads for another reader or another time: a side-car has only its own current values, unlike config-store. */
  private requireOwnReader(query: URLSearchParams): void {
    const past = ['at', 'known', 'version'].find((name) => query.has(name))
    // guard: past-not-by-side-car
    if (past !== undefined)
      throw new HmsError('HMS_SIDECAR_READER', `A side-car has only the values in force now; query config-store with ${past}.`, {
        status: 400,
      })
    for (const name of ['bot', 'region'] as const) {
      const requested = query.get(name) ?? ''
      if (requested === '' || requested === this.reader[name]) continue
      const own = this.reader[name] === undefined ? `without a ${name}` : `as ${name} ${this.reader[name]}`
      throw new HmsError('HMS_SIDECAR_READER', `This side-car reads ${own}; query config-store as ${name} ${requested}.`, { status: 400 })
    }
  }
}

/** Returns the policy as config-store does, with its age. Throws the connection's errors, such as `HMS_POLICY_NOT_FOUND`. */
function localView(id: string, values: HeldValues): LocalPolicyView {
  const { value, version, revision, source, scope, state, ageMs, trust, code } = values.explain(id)
  return {
    id,
    version,
    revision,
    source,
    scope,
    value: { ...value },
    state: stateOf({ state }),
    ageMs: Math.round(ageMs),
    trust,
    ...(code === undefined ? {} : { code }),
  }
}
