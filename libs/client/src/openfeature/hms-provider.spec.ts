import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OpenFeature, ProviderEvents, ProviderStatus, type EvaluationContext, type EventDetails, type Hook } from '@openfeature/server-sdk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../testing/manual-clock.js'
import { sampleDocument } from '../testing/sample-document.js'
import { SAMPLE_ROSTER_BYTES } from '../testing/sample-trust.js'
import { StreamServer, type Visitor } from '../testing/stream-server.js'
import { HmsProvider, type HmsProviderOptions } from './index.js'

const ID = 'epa-pm25-limit'
const FIELDS = { limit: 35, strict: true, units: 'ug_per_m3', bands: { good: 12.5 }, tags: ['air', 'epa'], note: null }
const old = sampleDocument({ policy: { id: ID, version: '1.5.0', ...FIELDS }, seq: 1, revision: 4 })
const strict = sampleDocument({ policy: { id: ID, version: '2.0.0', limit: 25 }, seq: 2, revision: 5 })
const canary = sampleDocument({
  policy: { id: ID, version: '2.0.0', ...FIELDS, limit: 25 },
  scope: 'region:NCR',
  share: 10_000,
  base: old.digest,
  revision: 5,
})
const leased = sampleDocument({
  policy: { id: ID, version: '2.0.0', ...FIELDS, limit: 25 },
  scope: 'region:NCR',
  share: 10_000,
  base: old.digest,
  revision: 5,
  expires: '2024-09-01T12:00:04Z',
})
const NCR_BOT = { targetingKey: 'bot-1', region: 'NCR' }

let server: StreamServer
let url: string
let clock: ManualClock

beforeEach(async () => {
  server = new StreamServer()
  url = await server.start()
  clock = new ManualClock(Date.parse('2024-09-01T12:00:00Z'))
})

afterEach(async () => {
  await OpenFeature.close()
  OpenFeature.clearHandlers()
  await server.stop()
})

function providerOf(options: HmsProviderOptions = {}): HmsProvider {
  return new HmsProvider({ url, roster: SAMPLE_ROSTER_BYTES, ...options }, { clock, random: () => 0 })
}

async function served(options: HmsProviderOptions = {}, documents = [old]): Promise<{ provider: HmsProvider; visitor: Visitor }> {
  const provider = providerOf(options)
  const set = OpenFeature.setProviderAndWait(provider)
  const visitor = await server.visitor()
  visitor.send('snapshot', documents.at(-1)!.revision, documents)
  await set
  return { provider, visitor }
}

function next(event: ProviderEvents): Promise<EventDetails | undefined> {
  return new Promise((resolve) => {
    const once = (details?: EventDetails): void => {
      OpenFeature.removeHandler(event, once)
      resolve(details)
    }
    OpenFeature.addHandler(event, once)
  })
}

const client = () => OpenFeature.getClient()

describe('evaluation', () => {
  it('returns a whole policy by its id, fields with their own types, and metadata', async () => {
    await served()
    const metadata = {
      policyVersion: '1.5.0',
      revision: 4,
      digest: old.digest,
      scope: 'global',
      effective: '2024-09-01T00:00:00Z',
      state: 'READY',
    }
    expect(await client().getNumberDetails(`${ID}.limit`, 1)).toEqual({
      flagKey: `${ID}.limit`,
      value: 35,
      variant: '1.5.0',
      reason: 'STATIC',
      flagMetadata: metadata,
    })
    expect(await client().getBooleanValue(`${ID}.strict`, false)).toBe(true)
    expect(await client().getStringValue(`${ID}.units`, '')).toBe('ug_per_m3')
    expect(await client().getObjectValue(`${ID}.bands`, {})).toEqual({ good: 12.5 })
    expect(await client().getObjectValue(`${ID}.tags`, [])).toEqual(['air', 'epa'])
    expect(await client().getObjectValue(ID, {})).toMatchObject({ id: ID, version: '1.5.0', ...FIELDS })
  })

  it.each(['no-such-policy', `${ID}.none`, `${ID}.note`, `${ID}.constructor`, `${ID}.`, '', '.limit'])(
    'returns the default with FLAG_NOT_FOUND for %j',
    async (key) => {
      await served()
      expect(await client().getNumberDetails(key, 7)).toMatchObject({ value: 7, reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' })
    },
  )

  it('returns the default with TYPE_MISMATCH for a value of another type', async () => {
    await served()
    const said = [
      await client().getBooleanDetails(`${ID}.limit`, false),
      await client().getStringDetails(`${ID}.limit`, ''),
      await client().getNumberDetails(`${ID}.units`, 0),
      await client().getObjectDetails(`${ID}.units`, {}),
      await client().getNumberDetails(ID, 0),
    ]
    for (const details of said) expect(details).toMatchObject({ reason: 'ERROR', errorCode: 'TYPE_MISMATCH' })
    expect(said.map(({ value }) => value)).toEqual([false, '', 0, {}, 0])
  })

  it('selects canary and cohort by targetingKey and region of the context, else of the connection', async () => {
    await served({ region: 'VA' }, [old, canary])
    const limit = async (context: EvaluationContext) => {
      const { value, reason } = await client().getNumberDetails(`${ID}.limit`, 0, context)
      return [value, reason]
    }
    expect(await limit({})).toEqual([35, 'TARGETING_MATCH'])
    expect(await limit({ targetingKey: 'bot-1' })).toEqual([35, 'TARGETING_MATCH'])
    expect(await limit({ targetingKey: 'bot-1', region: 'NCR' })).toEqual([25, 'SPLIT'])
    expect(await limit({ region: 'NCR' })).toEqual([35, 'TARGETING_MATCH'])
    for (const context of [{ targetingKey: 'a\nb' }, { region: 7 }, { region: 'x'.repeat(65) }]) {
      expect(await client().getNumberDetails(`${ID}.limit`, 0, context as unknown as EvaluationContext)).toMatchObject({
        value: 0,
        errorCode: 'INVALID_CONTEXT',
      })
    }
  })

  it('runs the provider’s hooks', async () => {
    const seen: string[] = []
    const hook: Hook = { after: ({ flagKey }, { variant }) => void seen.push(`${flagKey} ${variant}`) }
    await served({ hooks: [hook] })
    await client().getNumberValue(`${ID}.limit`, 0)
    expect(seen).toEqual([`${ID}.limit 1.5.0`])
  })
})

describe('events', () => {
  it('list every flag of a changed policy', async () => {
    const { visitor } = await served()
    const changed = next(ProviderEvents.ConfigurationChanged)
    visitor.send('change', 5, [strict])
    expect(await changed).toMatchObject({
      metadata: { revision: 5 },
      flagsChanged: [
        ID,
        ...['bands', 'effective', 'id', 'limit', 'note', 'strict', 'tags', 'units', 'version'].map((field) => `${ID}.${field}`),
      ],
    })
    expect(await client().getNumberValue(`${ID}.limit`, 0)).toBe(25)
  })

  it('report a canary for other contexts than the connection’s, and no renewed lease', async () => {
    const { visitor } = await served()
    let notifications = 0
    OpenFeature.addHandler(ProviderEvents.ConfigurationChanged, () => void notifications++)
    const changed = next(ProviderEvents.ConfigurationChanged)
    visitor.send('change', 5, [canary])
    await changed
    const renewed = sampleDocument({
      policy: { id: ID, version: '2.0.0', ...FIELDS, limit: 25 },
      scope: 'region:NCR',
      share: 10_000,
      base: old.digest,
      seq: 2,
      revision: 6,
      expires: '2024-09-01T13:00:00Z',
    })
    const ended = next(ProviderEvents.ConfigurationChanged)
    visitor.send('change', 6, [renewed])
    visitor.send('change', 7, [strict])
    expect(await ended).toMatchObject({ metadata: { revision: 7 } })
    expect(notifications).toBe(2)
  })

  it('report a lease that expires for other contexts', async () => {
    const { visitor } = await served()
    const begun = next(ProviderEvents.ConfigurationChanged)
    visitor.send('change', 5, [leased])
    await begun
    const ended = next(ProviderEvents.ConfigurationChanged)
    clock.advance(4_000)
    expect((await ended)?.flagsChanged).toContain(`${ID}.limit`)
    expect(await client().getNumberDetails(`${ID}.limit`, 0, NCR_BOT)).toMatchObject({ value: 35, reason: 'STATIC' })
  })

  it('report the effective time of a release scheduled in a canary for other contexts', async () => {
    const rule = { id: ID, version: '3.0.0', effective: '2024-09-01T12:00:04Z', limit: 20 }
    const later = sampleDocument({ policy: rule, scope: 'region:NCR' })
    const head = { scope: 'region:NCR', share: 10_000, base: old.digest, next: { release: later.digest!, at: rule.effective } }
    const holding = sampleDocument({ policy: { id: ID, version: '2.0.0', ...FIELDS, limit: 25 }, revision: 5, ...head })
    const { visitor } = await served()
    const begun = next(ProviderEvents.ConfigurationChanged)
    visitor.send('change', 5, [{ ...holding, next: { release: later.release!, proof: null } }])
    await begun
    expect(await client().getNumberValue(`${ID}.limit`, 0, NCR_BOT)).toBe(25)
    const turned = next(ProviderEvents.ConfigurationChanged)
    clock.advance(4_000)
    await turned
    expect(await client().getNumberValue(`${ID}.limit`, 0, NCR_BOT)).toBe(20)
  })

  it('report the effective time of a canary for other contexts', async () => {
    const rule = { id: ID, version: '2.0.0', effective: '2024-09-01T12:00:04Z', ...FIELDS, limit: 25 }
    const { provider, visitor } = await served()
    visitor.send('change', 5, [sampleDocument({ policy: rule, scope: 'region:NCR', share: 10_000, base: old.digest, revision: 5 })])
    await expect.poll(() => provider.connection?.revision).toBe(5)
    const turned = next(ProviderEvents.ConfigurationChanged)
    clock.advance(4_000)
    await turned
    expect(await client().getNumberValue(`${ID}.limit`, 0, NCR_BOT)).toBe(25)
  })

  it('report STALE after a lost connection, with the values kept, and READY when it is back', async () => {
    const { visitor } = await served()
    const stale = next(ProviderEvents.Stale)
    visitor.drop()
    expect(await stale).toMatchObject({ providerName: 'hms-svc', message: expect.any(String) as string })
    expect(client().providerStatus).toBe(ProviderStatus.STALE)
    expect(await client().getNumberDetails(`${ID}.limit`, 0)).toMatchObject({
      value: 35,
      reason: 'STALE',
      flagMetadata: { state: 'STALE' },
    })
    const ready = next(ProviderEvents.Ready)
    clock.advance(250)
    ;(await server.visitor()).send('heartbeat', 4)
    await ready
    expect(client().providerStatus).toBe(ProviderStatus.READY)
  })

  it('report ERROR when the server refuses the connection, with the values kept', async () => {
    const { visitor } = await served()
    const [stale, error] = [next(ProviderEvents.Stale), next(ProviderEvents.Error)]
    server.refuse = { status: 401, problem: { code: 'HMS_AUTH_TOKEN_REVOKED', detail: 'the key was revoked' } }
    visitor.drop()
    await stale
    clock.advance(250)
    expect(await error).toMatchObject({ message: 'the key was revoked (HMS_AUTH_TOKEN_REVOKED)' })
    expect(client().providerStatus).toBe(ProviderStatus.ERROR)
    expect(await client().getNumberValue(`${ID}.limit`, 0)).toBe(35)
  })
})

describe('the status after initialisation', () => {
  it('is FATAL when the server refuses the provider', async () => {
    server.refuse = { status: 401, problem: { code: 'HMS_AUTH_TOKEN_REVOKED', detail: 'the key was revoked' } }
    await expect(OpenFeature.setProviderAndWait(providerOf())).rejects.toThrow('HMS_AUTH_TOKEN_REVOKED')
    expect(client().providerStatus).toBe(ProviderStatus.FATAL)
    expect(await client().getNumberDetails(`${ID}.limit`, 7)).toMatchObject({ value: 7, errorCode: 'PROVIDER_FATAL' })
  })

  it('is ERROR with the values on disk when there is a disk copy and the server refuses the provider', async () => {
    const cacheDir = await mkdtemp(join(tmpdir(), 'hms-provider-'))
    try {
      await served({ cacheDir })
      await OpenFeature.close()
      server.refuse = { status: 401, problem: { code: 'HMS_AUTH_TOKEN_REVOKED', detail: 'the key was revoked' } }
      const error = next(ProviderEvents.Error)
      await OpenFeature.setProviderAndWait(providerOf({ cacheDir }))
      expect(await error).toMatchObject({ message: 'the key was revoked (HMS_AUTH_TOKEN_REVOKED)' })
      expect(client().providerStatus).toBe(ProviderStatus.ERROR)
      expect(await client().getNumberValue(`${ID}.limit`, 0)).toBe(35)
    } finally {
      await OpenFeature.close()
      await rm(cacheDir, { recursive: true })
    }
  })

  it('is ERROR without a server, and READY as soon as one responds', async () => {
    const { port } = server
    await server.stop()
    await expect(OpenFeature.setProviderAndWait(providerOf({ timeoutMs: 100 }))).rejects.toThrow('HMS_UNREACHABLE')
    expect(client().providerStatus).toBe(ProviderStatus.ERROR)
    server = new StreamServer()
    await server.start(port)
    const ready = next(ProviderEvents.Ready)
    // An attempt may miss its deadline, and the wait for the next one begins only then, so every visitor is served.
    const waits = setInterval(() => clock.advance(250), 20)
    const served = (visitor: Visitor): void => {
      visitor.send('snapshot', 4, [old])
      void server.visitor().then(served, () => undefined)
    }
    void server.visitor().then(served, () => undefined)
    await ready
    clearInterval(waits)
    expect(await client().getNumberValue(`${ID}.limit`, 0)).toBe(35)
  })
})

describe('closing the provider', () => {
  it('closes the connection', async () => {
    const { provider } = await served()
    const { connection } = provider
    await OpenFeature.close()
    expect([connection?.state, provider.connection]).toEqual(['CLOSED', undefined])
  })
})
