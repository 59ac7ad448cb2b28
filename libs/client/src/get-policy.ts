import { openConnection } from './connection/connect.js'
import type { PolicyValue } from './connection/hms-connection.js'
import { policyPromise, type PolicyPromise } from './policy-promise.js'

/** As much of a connection as one read needs. */
export interface PolicyReader {
  find(id: string): PolicyValue | undefined
  /** Throws `HMS_POLICY_NOT_FOUND`. */
  get(id: string): PolicyValue
  /** Resolves when the copy is what the server holds; rejects with `HMS_UNREACHABLE`. */
  whenReady(timeoutMs: number): Promise<void>
}

const DEADLINE_MS = 5_000

/** `getPolicy` over one connection, opened at the first call, and again at the next when opening failed. */
export function policyGetter(open: (timeoutMs: number) => Promise<PolicyReader>): (id: string) => Promise<PolicyValue> {
  let shared: Promise<PolicyReader> | undefined
  const opened = (): Promise<PolicyReader> => {
    shared ??= open(DEADLINE_MS).catch((error: unknown) => {
      shared = undefined
      throw error
    })
    return shared
  }
  return async (id) => {
    const reader = await opened()
    const held = reader.find(id)
    if (held !== undefined) return held
    // Only the server can say that there is no such policy; an old copy cannot.
    await reader.whenReady(DEADLINE_MS)
    return reader.get(id)
  }
}

const get = policyGetter((timeoutMs) => openConnection({ timeoutMs }))

/**
 * The policy in force, frozen: `await getPolicy(id)`, or a field of it: `await getPolicy(id).limit`. One connection per
 * process, made from the environment, serves all calls; it never keeps the process alive.
 * Rejects with `HMS_POLICY_NOT_FOUND`, or within 5 s with `HMS_UNREACHABLE` when nobody answers and no copy lies on disk.
 */
export function getPolicy<T extends object = PolicyValue>(id: string): PolicyPromise<T> {
  return policyPromise(get(id) as unknown as Promise<T>)
}
