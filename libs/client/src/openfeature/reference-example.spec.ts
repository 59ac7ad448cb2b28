import { OpenFeature, ProviderEvents } from '@openfeature/server-sdk'
import { readFileSync } from 'node:fs'
import { afterEach, expect, it } from 'vitest'
import { sampleDocument } from '../testing/sample-document.js'
import { SAMPLE_ROSTER_BYTES } from '../testing/sample-trust.js'
import { StreamServer } from '../testing/stream-server.js'
import { HmsProvider, type HmsProviderOptions } from './index.js'

const REFERENCE = readFileSync(new URL('../../../../docs/reference/sdk.md', import.meta.url), 'utf8')
const EXAMPLE = /## OpenFeature\n[\s\S]*?```js\n([\s\S]*?)```/.exec(REFERENCE)![1]!
/** Strips the imports, which are injected instead. */
const BODY = EXAMPLE.replaceAll(/^import .*\n/gm, '')
const AsyncFunction = (async () => {}).constructor as unknown as new (...parts: string[]) => (...given: unknown[]) => Promise<void>

const old = sampleDocument({ policy: { id: 'epa-pm25-limit', version: '1.5.0', limit: 35, units: 'ug_per_m3' }, seq: 1, revision: 4 })
const strict = sampleDocument({ policy: { id: 'epa-pm25-limit', version: '2.0.0', limit: 25 }, seq: 2, revision: 5 })
const server = new StreamServer()

afterEach(async () => {
  await OpenFeature.close()
  await server.stop()
})

it('runs the example of the reference unchanged', async () => {
  const url = await server.start()
  /** As in the example, with this test's server and roster. */
  class Provider extends HmsProvider {
    constructor({ cacheDir: _cacheDir, ...options }: HmsProviderOptions) {
      super({ ...options, url, roster: SAMPLE_ROSTER_BYTES })
    }
  }
  const printed: unknown[][] = []
  let resolveChanged = (): void => {}
  const changed = new Promise<void>((resolve) => (resolveChanged = resolve))
  const log = (...words: unknown[]): void => {
    printed.push(words)
    if (words[0] === 'changed') resolveChanged()
  }
  const run = new AsyncFunction('OpenFeature', 'ProviderEvents', 'HmsProvider', 'console', BODY)
  const running = run(OpenFeature, ProviderEvents, Provider, { log })
  const visitor = await server.visitor()
  expect(Object.fromEntries(visitor.query)).toEqual({ bot: 'inspector-7', region: 'NCR' })
  visitor.send('snapshot', 4, [old])
  await running
  expect(printed).toEqual([[35], ['ug_per_m3'], ['STATIC']])
  visitor.send('change', 5, [strict])
  await changed
  expect(printed.at(-1)![1]).toMatch(/^epa-pm25-limit epa-pm25-limit\.effective /)
})
