import { describe, expect, it } from 'vitest'
import { fakeClient } from './fake-client.js'

describe('fakeClient', () => {
  it('reads, changes, withdraws and records alerts as a real connection does', async () => {
    const hms = fakeClient({ policies: [{ id: 'epa-pm25-limit', version: '1.5.0', limit: 35 }] })
    const changes: unknown[] = []
    hms.on('change', (change) => changes.push(change))
    hms.set({ id: 'epa-pm25-limit', version: '2.0.0', limit: 25 })
    expect(hms.get('epa-pm25-limit')['limit']).toBe(25)
    expect(Object.isFrozen(hms.get('epa-pm25-limit'))).toBe(true)
    hms.withdraw('epa-pm25-limit')
    expect(() => hms.get('epa-pm25-limit')).toThrow(expect.objectContaining({ code: 'HMS_POLICY_NOT_FOUND' }) as Error)
    expect(changes).toEqual([
      { id: 'epa-pm25-limit', from: '1.5.0', to: '2.0.0', revision: 2 },
      { id: 'epa-pm25-limit', from: '2.0.0', to: null, revision: 3 },
    ])
    await hms.alert({ id: 'a', kind: 'Violation', value: 40 })
    expect(hms.alerts).toEqual([{ id: 'a', kind: 'Violation', value: 40 }])
  })
})
