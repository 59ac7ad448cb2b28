import { describe, expect, it } from 'vitest'
import { VirtualClock } from '#libs/platform/testing'
import { createWriteProbe } from './postgres-services.js'

function probing(answers: (Error | object[] | undefined)[], folder?: string) {
  const clock = new VirtualClock()
  let asked = 0
  const query = async <R extends object>(): Promise<R[]> => {
    const answer = answers[asked++]
    if (answer instanceof Error) throw answer
    return (answer ?? []) as R[]
  }
  return { clock, asked: () => asked, probe: createWriteProbe({ query }, clock, folder) }
}

const sqlError = (code: string): Error => Object.assign(new Error(`could not extend file: ${code}`), { code })

describe('the write probe of a database', () => {
  it.each(['53100', '58030', '55000'])('reports a server that refuses writes with %s', async (code) => {
    await expect(probing([sqlError(code)]).probe.get()).resolves.toBe(`the database rejects writes: could not extend file: ${code}`)
  })

  it('reports a server whose transactions are read-only, and which takes the probe all the same', async () => {
    const fault = 'the database rejects writes: its transactions are read-only (next: psql -c "SHOW default_transaction_read_only")'
    await expect(probing([[{ readOnly: 'on' }]]).probe.get()).resolves.toBe(fault)
    await expect(probing([[{ readOnly: 'off' }]]).probe.get()).resolves.toBeUndefined()
  })

  it('rejects if the server does not respond, which is another fault', async () => {
    await expect(probing([new Error('Connection terminated')]).probe.get()).rejects.toThrow('Connection terminated')
  })

  it('reports no fault if the role may not call the probe function', async () => {
    for (const code of ['42501', '42883']) await expect(probing([sqlError(code)]).probe.get()).resolves.toBeUndefined()
  })

  it('runs once a second for any number of callers', async () => {
    const { clock, asked, probe } = probing([undefined, sqlError('53100'), undefined])
    expect(await Promise.all(Array.from({ length: 50 }, () => probe.get()))).toEqual(Array.from({ length: 50 }, () => undefined))
    expect(asked()).toBe(1)
    clock.advanceTo(clock.now().getTime() + 1_000)
    expect(await probe.get()).toContain('53100')
    clock.advanceTo(clock.now().getTime() + 1_000)
    expect([await probe.get(), asked()]).toEqual([undefined, 3])
  })

  it('reports a full disk of the data folder', async () => {
    expect(await probing([], '/').probe.get()).toBeUndefined()
    // A virtual file system has no free space.
    expect(await probing([], '/proc').probe.get()).toContain('0 MiB are free')
    expect(await probing([], '/no/such/folder').probe.get()).toBeUndefined()
  })
})
