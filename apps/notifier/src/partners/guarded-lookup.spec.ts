import type { LookupAddress } from 'node:dns'
import { describe, expect, it } from 'vitest'
import type { Profile } from './address-guard.js'
import { guardedLookup, type GuardedLookupOptions } from './guarded-lookup.js'

const answering =
  (...addresses: string[]): GuardedLookupOptions['resolve'] =>
  (_host, done) =>
    done(
      null,
      addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
    )

function look(host: string, networks: string[], profile: Profile, options: GuardedLookupOptions, all = true): Promise<unknown> {
  return new Promise((resolve, reject) => {
    guardedLookup(networks, { profile, networks: ALL }, options)(host, { all }, (error, answer) =>
      error ? reject(error) : resolve(answer),
    )
  })
}

const ALL = ['0.0.0.0/0', '::/0']
const refused = { code: 'HMS_PARTNER_ADDRESS_REFUSED' }

describe('guardedLookup', () => {
  it('returns exactly the answers that it checked', async () => {
    const resolve = answering('93.184.216.34', '2606:4700::1')
    expect(await look('a.test', [], 'production', { resolve })).toEqual([
      { address: '93.184.216.34', family: 4 },
      { address: '2606:4700::1', family: 6 },
    ])
    expect(await look('a.test', [], 'production', { resolve }, false)).toBe('93.184.216.34')
  })

  it.each(['127.0.0.1', '169.254.169.254', '::1', '::ffff:10.0.0.1', 'fe80::1%eth0', '0.0.0.0', 'nonsense'])(
    'refuses a name when one answer among good ones is %s',
    async (bad) => {
      await expect(look('a.test', [], 'production', { resolve: answering('93.184.216.34', bad) })).rejects.toMatchObject(refused)
    },
  )

  it('resolves again at each connection, so a resolver that changes its answer gains nothing', async () => {
    const turns = ['93.184.216.34', '127.0.0.1']
    const lookup = guardedLookup(
      [],
      { profile: 'dev', networks: ALL },
      { resolve: (host, done) => answering(turns.shift() ?? '')?.(host, done) },
    )
    const once = (): Promise<unknown> =>
      new Promise((resolve) => lookup('flip.test', { all: true }, (error, answer) => resolve(error ?? answer)))
    expect(await once()).toHaveLength(1)
    expect(await once()).toMatchObject(refused)
  })

  it('allows listed private answers, loopback only with profile dev', async () => {
    expect(await look('a.test', ['10.0.0.0/8'], 'production', { resolve: answering('10.1.1.1') })).toHaveLength(1)
    expect(await look('a.test', ['127.0.0.0/8'], 'dev', { resolve: answering('127.0.0.1') })).toHaveLength(1)
    await expect(look('a.test', ['127.0.0.0/8'], 'production', { resolve: answering('127.0.0.1') })).rejects.toMatchObject(refused)
  })

  it.each([
    '169.254.169.254',
    'fd00:ec2::254',
    'fe80::1%eth0',
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::',
    '224.0.0.1',
    '::',
    '255.255.255.255',
  ])('refuses a name that resolves to %s, whatever is listed', async (bad) => {
    for (const profile of ['dev', 'production'] as const)
      await expect(look('a.test', ALL, profile, { resolve: answering('93.184.216.34', bad) })).rejects.toMatchObject(refused)
  })

  it('allows only what the deployment allows', async () => {
    const lookup = guardedLookup(ALL, { profile: 'production', networks: ['10.20.0.0/16'] }, { resolve: answering('10.21.0.1') })
    expect(await new Promise((resolve) => lookup('a.test', { all: true }, (error, answer) => resolve(error ?? answer)))).toMatchObject(
      refused,
    )
  })

  it('requires every answer to be inside networks with onlyNetworks', async () => {
    const resolve = answering('10.1.1.1', '93.184.216.34')
    await expect(look('a.test', ['10.0.0.0/8'], 'dev', { resolve, onlyNetworks: true })).rejects.toMatchObject(refused)
  })

  it('resolves localhost itself, only to address families that are listed', async () => {
    const resolve = answering('8.8.8.8')
    expect(await look('localhost', ['127.0.0.0/8'], 'dev', { resolve })).toEqual([{ address: '127.0.0.1', family: 4 }])
    await expect(look('localhost', [], 'dev', { resolve })).rejects.toMatchObject(refused)
  })

  it("passes on the resolver's error, and refuses an empty answer", async () => {
    const missing = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
    const failing: GuardedLookupOptions['resolve'] = (_host, done) => done(missing, [])
    await expect(look('a.test', [], 'dev', { resolve: failing })).rejects.toMatchObject({ code: 'ENOTFOUND' })
    await expect(look('a.test', [], 'dev', { resolve: answering() })).rejects.toMatchObject(refused)
  })
})
