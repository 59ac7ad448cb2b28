import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type * as Entry from '../../libs/client/src/bridge/index.js'
import { FakeSockets } from '../../libs/client/src/bridge/testing/fake-socket.js'
import { sampleDocument } from '../../libs/client/src/testing/sample-document.js'
import { SAMPLE_ROSTER_BYTES } from '../../libs/client/src/testing/sample-trust.js'
import { ROOT } from './root.js'

interface Bundler {
  LIMITS_KB: Record<string, number>
  CONSOLE_LIMITS_KB: Record<string, number>
  bundleBridge(options: { outdir: string; sources: boolean }): Promise<Record<string, number>>
  bundleConsole(options: { outdir: string; sources: boolean }): Promise<Record<string, number>>
}

const ID = 'epa-pm25-limit'
const old = sampleDocument({ policy: { id: ID, version: '1.5.0', limit: 35 }, seq: 1, revision: 4 })
const strict = sampleDocument({ policy: { id: ID, version: '2.0.0', limit: 25 }, seq: 2, revision: 5 })

describe('the bundle for browsers', () => {
  let folder: string
  let sizes: Record<string, number>
  let limits: Record<string, number>
  let entry: typeof Entry

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hms-bridge-'))
    // Plain JavaScript, without types.
    const bundler = (await import(/* @vite-ignore */ pathToFileURL(join(ROOT, 'apps/demo/bin/bundle-bridge.mjs')).href)) as Bundler
    limits = { ...bundler.LIMITS_KB, ...bundler.CONSOLE_LIMITS_KB }
    const made = { outdir: folder, sources: true }
    sizes = { ...(await bundler.bundleBridge(made)), ...(await bundler.bundleConsole(made)) }
    entry = (await import(/* @vite-ignore */ pathToFileURL(join(folder, 'bridge.js')).href)) as typeof Entry
  }, 240_000)
  afterAll(async () => {
    vi.unstubAllGlobals()
    await rm(folder, { recursive: true, force: true })
  })

  it.each(['bridge.js', 'pane.js', 'sign.js', 'check.js'])('%s imports nothing, of Node least of all', async (name) => {
    const text = await readFile(join(folder, name), 'utf8')
    expect(text).not.toMatch(/\bimport\b|\brequire\(["'`]|node:|\bprocess\.|\bBuffer\b/)
  })

  it('keeps to its sizes', () => {
    for (const [name, limit] of Object.entries(limits)) expect(sizes[name], name).toBeLessThanOrEqual(limit)
  })

  it('verifies what the SDK signs, and refuses what was changed', async () => {
    const sockets = new FakeSockets()
    vi.stubGlobal(
      'WebSocket',
      class {
        constructor(url: string) {
          return sockets.open(url)
        }
      },
    )
    // Asked for rosters that follow: there are none.
    vi.stubGlobal('fetch', async () => new Response('[]', { headers: { 'content-type': 'application/json' } }))
    const dialled = sockets.next()
    const opening = entry.openBridge({ url: 'https://policy.example.gov', roster: SAMPLE_ROSTER_BYTES })
    const socket = (await dialled).accept()
    socket.send('snapshot', 4, [old])
    const bridge = await opening
    try {
      expect(bridge.explain(ID)).toMatchObject({ version: '1.5.0', state: 'READY', value: { limit: 35 } })
      const told = (event: 'bridge:error' | 'policy:changed') => new Promise((resolve) => bridge.on(event as 'bridge:error', resolve))
      for (const [changed, code] of [
        [{ ...strict, head: withOtherSignature(strict.head) }, 'HMS_HEAD_SIGNATURE'],
        [{ ...strict, release: withOtherSignature(strict.release!) }, 'HMS_HEAD_NOT_APPROVED'],
      ] as const) {
        const error = told('bridge:error')
        socket.send('change', 5, [changed])
        expect(await error).toMatchObject({ code })
        expect(bridge.get(ID)['limit']).toBe(35)
      }
      const changed = told('policy:changed')
      socket.send('change', 5, [strict])
      expect(await changed).toMatchObject({ to: '2.0.0', value: { limit: 25 } })
    } finally {
      bridge.close()
    }
  })
})

/** A true signature, of another message. */
function withOtherSignature<T extends { signatures: { keyid: string; sig: string }[] }>(envelope: T): T {
  const bytes = Buffer.from(envelope.signatures[0]!.sig, 'base64')
  bytes[0]! ^= 1
  return { ...envelope, signatures: [{ ...envelope.signatures[0]!, sig: bytes.toString('base64') }] }
}
