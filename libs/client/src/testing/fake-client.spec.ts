import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { runInThisContext } from 'node:vm'
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

describe('the programs of docs/how-to/testing-a-program.md', () => {
  const page = readFileSync(new URL('../../../../docs/how-to/testing-a-program.md', import.meta.url), 'utf8')
  const programs = [...page.matchAll(/```js\n([\s\S]*?)```/g)].map(([, text]) => text!)
  const body = programs
    .join('\n')
    .replaceAll(/^import .*$/gm, '')
    .replaceAll('export function', 'function')
  const run = runInThisContext(`(assert, test, fakeClient) => {${body}}`) as (...modules: unknown[]) => void
  run(assert, it, fakeClient)

  it('are a program and its tests', () => {
    expect(programs.map((text) => text.split('\n')[0])).toEqual(['// inspector.mjs', '// inspector.test.mjs'])
  })
})
