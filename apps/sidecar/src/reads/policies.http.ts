import { HmsError, type LocalPolicyView } from '#libs/contracts'
import type { Reader } from '#libs/evaluation'
import { isKnown } from '#libs/platform'
import { createHash } from 'node:crypto'
import { stateOf, type HeldValues } from '../held-values.js'
import type { Answer } from '../http/answer.js'

/** `GET /v1/policies` and `GET /v1/policies/{id}`: the policies in force for the side-car's own bot and region. */
export class PolicyReads {
  constructor(
    private readonly values: HeldValues,
    private readonly reader: Reader,
  ) {}

  list(query: URLSearchParams, known?: string): Answer {
    this.requireOwn(query)
    const views = this.values.ids().map((id) => localView(id, this.values))
    return this.answer(views, views[0]?.ageMs ?? 0, known)
  }

  show(id: string, query: URLSearchParams, known?: string): Answer {
    this.requireOwn(query)
    const view = localView(id, this.values)
    return this.answer(view, view.ageMs, known)
  }

  /** The ETag covers all members except the age, which always changes. So the ETag is weak, and a 304 has the age in a header. */
  private answer(body: object, ageMs: number, known: string | undefined): Answer {
    const state = stateOf(this.values)
    const marked = JSON.stringify([state, body], (name, value: unknown) => (name === 'ageMs' ? undefined : value))
    const etag = `"${createHash('sha256').update(marked).digest('hex').slice(0, 32)}"`
    const headers = { etag: `W/${etag}`, age: String(Math.floor(ageMs / 1_000)), 'cache-control': 'no-cache', 'hms-state': state }
    return isKnown(etag, known) ? { status: 304, headers } : { body: JSON.stringify(body), headers }
  }

  /** Refuses reads for another reader or another time: a side-car has only its own current values, unlike config-store. */
  private requireOwn(query: URLSearchParams): void {
    const past = ['at', 'known', 'version'].find((name) => query.has(name))
    if (past !== undefined)
      throw new HmsError('HMS_SIDECAR_READER', `A side-car knows what is in force now; ask config-store with ${past}.`, { status: 400 })
    for (const name of ['bot', 'region'] as const) {
      const asked = query.get(name) ?? ''
      if (asked === '' || asked === this.reader[name]) continue
      const own = this.reader[name] === undefined ? `without a ${name}` : `as ${name} ${this.reader[name]}`
      throw new HmsError('HMS_SIDECAR_READER', `This side-car reads ${own}; ask config-store as ${name} ${asked}.`, { status: 400 })
    }
  }
}

/**
 * Returns the policy as config-store does, with its age. Throws the connection's errors: `HMS_POLICY_NOT_FOUND`, or the code with which a
 * document was refused.
 */
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
