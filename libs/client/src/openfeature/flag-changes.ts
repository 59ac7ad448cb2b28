import { ChangeWatch, documentsInForce } from '#libs/evaluation'
import type { Clock } from '../clock.js'
import type { HeldDocumentSource } from '../connection/hms-connection.js'

/**
 * Calls `changed` with the flags that changed for any reader. These are all keys of a policy, sorted, including added and removed ones,
 * because its metadata are part of each flag.
 */
export function watchFlags(documents: HeldDocumentSource, clock: Clock, changed: (flags: string[]) => void): ChangeWatch {
  const keysOf = (id: string): string[] => {
    const fields = documentsInForce(documents.of(id), documents.nowMs()).map(({ value }) => Object.keys(value ?? {}))
    return fields.length === 0 ? [] : [id, ...fields.flat().map((field) => `${id}.${field}`)]
  }
  const known = new Map(documents.policies().map((id) => [id, keysOf(id)]))
  const copy = { policies: () => documents.policies(), documentsOf: (id: string) => documents.of(id), nowMs: () => documents.nowMs() }
  const after = (delayMs: number, action: () => void): (() => void) => {
    const timer = clock.after(delayMs, action)
    return () => timer.cancel()
  }
  const onChange = (policies: string[]): void => {
    const flags = policies.flatMap((id) => {
      const [before, now] = [known.get(id) ?? [], keysOf(id)]
      known.set(id, now)
      return [...before, ...now]
    })
    changed([...new Set(flags)].sort())
  }
  return new ChangeWatch(copy, { after }, onChange, 0)
}
