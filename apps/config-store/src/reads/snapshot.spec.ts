import { get } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StreamFrame } from '#libs/contracts'
import { startStore } from '../testing/store-harness.suite.js'

const POLICIES = Array.from({ length: 30 }, (_, index) => `policy-${index + 10}`)
let harness: Awaited<ReturnType<typeof startStore>>
beforeAll(async () => {
  harness = await startStore()
  await harness.stored(...(await Promise.all(POLICIES.map((policy) => harness.head({ policy })))))
})
afterAll(() => harness.stop())

/** Returns the response as on the wire. */
const raw = (query: string, headers: Record<string, string>) =>
  new Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
    get(`${harness.url}/v1/snapshot${query}`, { headers }, async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk as Buffer)
      resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) })
    }).on('error', reject)
  })

describe('GET /v1/snapshot', () => {
  it('is compressed with gzip if Accept-Encoding allows it, with the same content', async () => {
    const plain = await raw('', {})
    for (const encodings of ['gzip', 'br, gzip;q=0.5', '*']) {
      const { headers, body } = await raw('', { 'accept-encoding': encodings })
      expect(headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'authorization, accept-encoding' })
      expect(gunzipSync(body).equals(plain.body)).toBe(true)
      expect(body.length * 2).toBeLessThan(plain.body.length)
      expect(headers['etag']).not.toBe(plain.headers['etag'])
    }
    expect((JSON.parse(plain.body.toString()) as StreamFrame).documents).toHaveLength(POLICIES.length)
  })

  it('is not compressed without gzip in Accept-Encoding, or if it is small', async () => {
    for (const encodings of ['', 'identity', 'gzip;q=0', 'br'])
      expect((await raw('', { 'accept-encoding': encodings })).headers['content-encoding']).toBeUndefined()
    const bundle = await raw(`?policies=${POLICIES[0]}`, { 'accept-encoding': 'gzip' })
    expect(bundle.headers['content-encoding']).toBe('gzip')
    const none = await raw('?policies=no-such-policy', { 'accept-encoding': 'gzip' })
    expect([none.headers['content-encoding'], (JSON.parse(none.body.toString()) as StreamFrame).documents]).toEqual([undefined, []])
  })

  it('returns 304 for the ETag of the same encoding', async () => {
    const { headers } = await raw('', { 'accept-encoding': 'gzip' })
    const again = await raw('', { 'accept-encoding': 'gzip', 'if-none-match': headers['etag'] as string })
    expect([again.status, again.body.length]).toEqual([304, 0])
  })
})
