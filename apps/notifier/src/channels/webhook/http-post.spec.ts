import { channel } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { watchConnection } from './http-post.js'

const leave = (body: unknown, socket: object): void => channel('undici:client:sendHeaders').publish({ request: { body }, socket })

describe('the evidence of a connection', () => {
  it('is the address and the certificate of the socket on which the watched request is sent', () => {
    const [mine, other] = [Buffer.from('{}'), Buffer.from('{}')]
    const evidence = watchConnection(mine)
    leave(other, { remoteAddress: '192.0.2.1' })
    leave(null, { remoteAddress: '192.0.2.2' })
    expect(evidence).toEqual({})
    leave(mine, { remoteAddress: '192.0.2.7', getPeerCertificate: () => ({ fingerprint256: 'AA:BB' }) })
    expect(evidence).toEqual({ address: '192.0.2.7', tlsFingerprint: 'AA:BB' })
  })

  it('has no certificate without TLS, and is empty if the other side has disconnected', () => {
    const [plain, gone] = [Buffer.from('{}'), Buffer.from('{}')]
    const [ofPlain, ofGone] = [watchConnection(plain), watchConnection(gone)]
    leave(plain, { remoteAddress: '192.0.2.7' })
    leave(gone, { remoteAddress: undefined, getPeerCertificate: () => ({}) })
    expect([ofPlain, ofGone]).toEqual([{ address: '192.0.2.7' }, {}])
  })
})
