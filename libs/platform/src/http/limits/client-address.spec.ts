import { describe, expect, it } from 'vitest'
import { clientAddress, clientOf, TrustedProxies } from './client-address.js'

const PROXIES = new TrustedProxies(['10.0.0.0/8', '::1'])
const seen = (peer: string, forwarded?: string, client?: string): string =>
  clientAddress(peer, { 'x-forwarded-for': forwarded, ...(client === undefined ? {} : { 'x-hms-client': client }) }, PROXIES, true)

describe('the address of a client', () => {
  it.each([
    ['its own, whatever its headers', seen('198.51.100.7', '192.0.2.1', '192.0.2.2'), '198.51.100.7'],
    ['the one that a trusted proxy forwards', seen('10.1.2.3', '192.0.2.1'), '192.0.2.1'],
    ['the last that is no proxy: clients can forge those before it', seen('10.1.2.3', '192.0.2.1, 203.0.113.9, 10.9.9.9'), '203.0.113.9'],
    ['the first proxy where all are ours', seen('10.1.2.3', '10.0.0.5'), '10.0.0.5'],
    ['the peer where a proxy forwards none', seen('10.1.2.3'), '10.1.2.3'],
    ['the peer where a proxy forwards nonsense', seen('10.1.2.3', 'unknown'), '10.1.2.3'],
    ['the one that the edge names, before one forwarded to it', seen('::1', '192.0.2.1', '203.0.113.9'), '203.0.113.9'],
    ['an IPv4 address in IPv6 clothes', seen('::ffff:10.0.0.1', '::ffff:192.0.2.1'), '192.0.2.1'],
  ])('is %s', (_what, found, wanted) => expect(found).toBe(wanted))

  it('is never taken from the edge header where no edge is possible', () => {
    const headers = { 'x-hms-client': '203.0.113.9', 'x-forwarded-for': '192.0.2.1' }
    expect(clientAddress('10.1.2.3', headers, PROXIES, false)).toBe('192.0.2.1')
  })
})

describe('the client of an address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:0:7::1', '2001:db8:0:7::/64'],
    ['2001:0db8::7:0:0:9', '2001:db8:0:0::/64'],
    ['2001:db8:0:7:1:2:3:4', '2001:db8:0:7::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('%s is %s', (address, client) => expect(clientOf(address)).toBe(client))
})

it.each(['10.0.0.0/33', 'nowhere', '10.0.0.0/x', ''])('%j is refused as a range', (cidr) =>
  expect(() => new TrustedProxies([cidr])).toThrow(RangeError),
)
