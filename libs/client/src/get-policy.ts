import { openConnection } from './connection/connect.js'
import { PastPolicies, type PastQuery } from './history/past-policies.js'
import type { PolicyValue } from './connection/hms-connection.js'
import type { ReaderSession } from './connection/reader-session.js'
import { optionNames, requireKnownOptions } from './known-options.js'
import { policyPromise, type PolicyPromise } from './policy-promise.js'
import type { GetPolicy } from './policy-types.js'

type PolicyReader = Pick<ReaderSession, 'find' | 'get' | 'whenReady'>

const DEADLINE_MS = 5_000

/** Implements `getPolicy` over one connection, which is opened at the first call, and at the next call after a failure. */
export function policyGetter(open: (timeoutMs: number) => Promise<PolicyReader>): (id: string) => Promise<PolicyValue> {
  const opened = shared(() => open(DEADLINE_MS))
  return async (id) => {
    const reader = await opened()
    const held = reader.find(id)
    if (held !== undefined) return held
    // Only a copy confirmed by the server shows that a policy does not exist; an old copy does not.
    await reader.whenReady(DEADLINE_MS)
    return reader.get(id)
  }
}

const OPTIONS = optionNames<PastQuery>()('at', 'known', 'version')

const get = policyGetter((timeoutMs) => openConnection({ timeoutMs }))
const past = pastGetter(() => PastPolicies.fromEnvironment())

/** Implements `getPolicy` for an earlier time or a version. `open` is called at the first call, and at the next call after a failure. */
export function pastGetter(open: () => Promise<Pick<PastPolicies, 'read'>>): (id: string, query: PastQuery) => Promise<PolicyValue> {
  const opened = shared(open)
  return async (id, query) => (await (await opened()).read(id, query)).value
}

/**
 * Returns the policy in force, frozen: `await getPolicy(id)`, or one field: `await getPolicy(id).limit`. One connection per process,
 * configured by the environment, serves all calls; it never keeps the process alive. Rejects with `HMS_POLICY_NOT_FOUND`, or within 5 s
 * with `HMS_UNREACHABLE` when the server is unreachable and there is no disk copy. With `at`, `known` or `version`, returns the policy that
 * was in force for all readers, requested from the store and verified; rejects with `HMS_VERIFY_HISTORY` if it does not verify.
 */
export const getPolicy: GetPolicy = <T extends object = PolicyValue>(id: string, query: PastQuery = {}): PolicyPromise<T> =>
  policyPromise(findPolicy(id, query) as unknown as Promise<T>)

async function findPolicy(id: string, query: PastQuery): Promise<PolicyValue> {
  requireKnownOptions('getPolicy', query, OPTIONS)
  const { at, known, version } = query
  return at === undefined && known === undefined && version === undefined ? get(id) : past(id, { at, known, version })
}

/** Returns a function that calls `open` at its first call, and again at the next call after a failure. */
function shared<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined
  return () =>
    (opened ??= open().catch((error: unknown) => {
      opened = undefined
      throw error
    }))
}
