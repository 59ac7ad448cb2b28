import { OFREPProvider } from '@openfeature/ofrep-provider'
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider'
import { OpenFeature, type Client } from '@openfeature/server-sdk'
import { OpenFeature as WebOpenFeature, ProviderEvents as WebEvents, type Client as WebClient } from '@openfeature/web-sdk'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { FetchedEventSource } from '../testing/fetched-event-source.js'
import { digestOfRelease, POLICY, startStore } from '../testing/store-harness.suite.js'

/** The unmodified stock providers of JavaScript against a store. Other languages: `npm run test:deep -- ofrep`. */
let harness: Awaited<ReturnType<typeof startStore>>
beforeAll(async () => {
  harness = await startStore()
  await harness.stored(await harness.head())
  const expires = new Date(harness.clock.now().getTime() + 120_000).toISOString()
  const base = digestOfRelease('1.0.0')
  await harness.stored(await harness.head({ scope: 'region:NCR', version: '2.0.0', share: 10_000, base, expires }))
})
afterAll(async () => {
  await OpenFeature.close()
  await WebOpenFeature.close()
  await harness.stop()
  vi.unstubAllGlobals()
})

describe('the server provider', () => {
  let client: Client
  beforeAll(async () => {
    await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: harness.url }))
    client = OpenFeature.getClient()
  })
  const anyone = { targetingKey: 'bot-1' }

  it('gets a policy and its fields with their types and metadata', async () => {
    const details = await client.getObjectDetails(POLICY, { limit: 0 }, anyone)
    expect(details).toMatchObject({ value: { limit: 25, tags: ['air'] }, variant: '1.0.0', reason: 'TARGETING_MATCH' })
    expect(details.flagMetadata).toMatchObject({ policyVersion: '1.0.0', revision: 1, scope: 'global' })
    expect(await client.getNumberValue(`${POLICY}.limit`, 0, anyone)).toBe(25)
    expect(await client.getStringValue(`${POLICY}.version`, '', anyone)).toBe('1.0.0')
  })

  it('is in a canary by region and key', async () => {
    const details = await client.getStringDetails(`${POLICY}.version`, '', { ...anyone, region: 'NCR' })
    expect([details.value, details.reason, details.flagMetadata['scope']]).toEqual(['2.0.0', 'SPLIT', 'region:NCR'])
  })

  it.each([
    ['no-such-policy', anyone, 'FLAG_NOT_FOUND'],
    [POLICY, {}, 'TARGETING_KEY_MISSING'],
    [POLICY, { targetingKey: 'a', region: 7 }, 'INVALID_CONTEXT'],
    ['a/b', anyone, 'FLAG_NOT_FOUND'],
  ])('returns the default for %s with %j, and reports %s', async (key, context, errorCode) => {
    const details = await client.getObjectDetails(key, { limit: 1 }, context)
    expect([details.value, details.errorCode]).toEqual([{ limit: 1 }, errorCode])
  })

  it('reports a type mismatch', async () => {
    expect((await client.getBooleanDetails(`${POLICY}.limit`, true, anyone)).errorCode).toBe('TYPE_MISMATCH')
  })
})

describe('the web provider', () => {
  let client: WebClient
  const changed: (string[] | undefined)[] = []
  beforeAll(async () => {
    vi.stubGlobal('EventSource', FetchedEventSource)
    await WebOpenFeature.setContext({ targetingKey: 'page-1' })
    await WebOpenFeature.setProviderAndWait(new OFREPWebProvider({ baseUrl: harness.url, cacheMode: 'disabled' }))
    client = WebOpenFeature.getClient()
    client.addHandler(WebEvents.ConfigurationChanged, (event) => void changed.push(event?.flagsChanged))
  })

  it('has all flags in memory, and follows a change of context', async () => {
    expect(client.getNumberValue(`${POLICY}.limit`, 0)).toBe(25)
    expect(client.getStringDetails(`${POLICY}.version`, '')).toMatchObject({ value: '1.0.0', reason: 'TARGETING_MATCH' })
    await WebOpenFeature.setContext({ targetingKey: 'page-1', region: 'NCR' })
    expect(client.getStringDetails(`${POLICY}.version`, '')).toMatchObject({ value: '2.0.0', reason: 'SPLIT' })
    await WebOpenFeature.setContext({ targetingKey: 'page-1' })
  })

  it('is notified of a change, reads it, and reports the changed flags', async () => {
    await harness.stored(await harness.head({ policy: 'ozone-limit', version: '3.0.0' }))
    await vi.waitFor(() => expect(client.getStringValue('ozone-limit.version', '')).toBe('3.0.0'), { timeout: 30_000 })
    expect(changed.flat()).toEqual(expect.arrayContaining(['ozone-limit', 'ozone-limit.limit']))
  })
})
