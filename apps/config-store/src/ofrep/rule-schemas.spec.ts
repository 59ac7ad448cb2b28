import type { Logger } from '#libs/platform'
import type { PeerReads } from '#libs/service'
import { VirtualClock } from '#libs/platform/testing'
import { expect, it, vi } from 'vitest'
import type { DocumentCopy } from '../copy/document-copy.js'
import { LinterSchemas } from './rule-schemas.js'

it('are read from another instance of linter while the first one does not respond', async () => {
  const schema = { type: 'object', properties: { limit: { type: 'number' } } }
  const get = async (url: string): Promise<unknown> => {
    if (url === 'http://linter-0:7182') throw new Error('connect ECONNREFUSED')
    return [{ name: 'limit', schema }]
  }
  const copy = { policies: () => ['pm25'], documentsOf: () => [{ value: { schema: 'limit' } }], onChange: () => {} }
  const environment = { HMS_LINTER_URLS: 'http://linter-0:7182,http://linter-1:7182' }
  const log = { debug: () => {} } as unknown as Logger
  const schemas = new LinterSchemas({ get } as unknown as PeerReads, copy as unknown as DocumentCopy, new VirtualClock(), log, environment)
  const changed = vi.fn()
  schemas.onChange = changed
  schemas.onModuleInit()
  schemas.refresh()
  await expect.poll(() => changed.mock.calls.length, { timeout: 20_000 }).toBe(1)
  expect(schemas.numbersOf({ schema: 'limit' } as never)?.(['limit'])).toBe(true)
})
