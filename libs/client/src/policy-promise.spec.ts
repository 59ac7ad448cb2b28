import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { HmsError } from '#libs/contracts'
import { policyGetter } from './get-policy.js'
import type { PolicyValue } from './connection/hms-connection.js'
import { policyPromise } from './policy-promise.js'

const policy = { id: 'epa-pm25-limit', version: '2.0.0', limit: 25, bands: [{ upTo: 12 }], nothing: null }
const missing = (): Promise<never> => Promise.reject(new HmsError('HMS_POLICY_NOT_FOUND', 'none', { status: 404 }))

describe('policyPromise', () => {
  it('is a promise of the policy, with promises of its fields at any depth', async () => {
    const pending = policyPromise(Promise.resolve(policy))
    expect(await pending).toBe(policy)
    expect(await pending.limit).toBe(25)
    expect(await (pending.bands as unknown as { 0: { upTo: Promise<number> } })[0].upTo).toBe(12)
    expect(await pending.nothing).toBeNull()
    expect(pending).toBeInstanceOf(Promise)
    expect(Object.prototype.toString.call(pending)).toBe('[object Promise]')
    expect(await Promise.all([pending.limit, pending.version])).toEqual([25, '2.0.0'])
    expect(await pending.limit.then((limit) => limit + 1).finally(() => undefined)).toBe(26)
  })

  it('rejects for a missing or inherited field', async () => {
    const pending = policyPromise<Record<string, number>>(Promise.resolve(policy as never))
    await expect(Promise.resolve(pending['limt'])).rejects.toMatchObject({ code: 'HMS_POLICY_FIELD_UNKNOWN' })
    await expect(Promise.resolve(pending['constructor'])).rejects.toMatchObject({ code: 'HMS_POLICY_FIELD_UNKNOWN' })
  })

  it('rejects only when it is awaited', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown): unknown => unhandled.push(reason)
    process.on('unhandledRejection', note)
    const pending = policyPromise<typeof policy>(missing())
    void pending.limit
    await expect(pending.limit.catch((error: HmsError) => error.code)).resolves.toBe('HMS_POLICY_NOT_FOUND')
    await expect(Promise.resolve(pending.version)).rejects.toMatchObject({ code: 'HMS_POLICY_NOT_FOUND' })
    await turn()
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })
})

describe('policyGetter', () => {
  const held = { id: 'a', version: '1.0.0', effective: '2024-09-01T00:00:00Z' } as PolicyValue

  it('opens one connection for all calls, and another after a failure', async () => {
    let opened = 0
    const get = policyGetter(async () => {
      if (++opened === 1) throw new HmsError('HMS_UNREACHABLE', 'away', { status: 503 })
      return { find: () => held, get: () => held, whenReady: () => Promise.resolve() }
    })
    await expect(Promise.all([get('a'), get('b')])).rejects.toMatchObject({ code: 'HMS_UNREACHABLE' })
    expect(await Promise.all([get('a'), get('b')])).toEqual([held, held])
    expect(opened).toBe(2)
  })

  it('reports that a policy does not exist only after contact with the server', async () => {
    const away = new HmsError('HMS_UNREACHABLE', 'away', { status: 503 })
    const get = policyGetter(async () => ({ find: () => undefined, get: () => held, whenReady: () => Promise.reject(away) }))
    await expect(get('a')).rejects.toBe(away)
  })
})
