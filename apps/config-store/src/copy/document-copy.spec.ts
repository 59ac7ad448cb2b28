import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { StreamFrame } from '#libs/contracts'
import { DOCUMENTS, type StoredDocument } from '../heads/head.table.js'
import { POLICY, startStore, type HeadOptions } from '../testing/store-harness.suite.js'
import type { StoredChange } from './changes.js'
import { DocumentCopy } from './document-copy.js'
import { Subset } from './stable-heads.js'

const OTHER = 'ozone-limit'
const PLACE = `${POLICY}@global`

let harness: Awaited<ReturnType<typeof startStore>>
let copy: DocumentCopy
let row: StoredDocument
beforeEach(async () => {
  harness = await startStore()
  copy = harness.host.app.get(DocumentCopy, { strict: false })
  await store()
  row = (await harness.runtime.database.transaction((tx) => tx.documents(DOCUMENTS).get(PLACE)))!
})
afterEach(() => harness.stop())

const store = async (options: HeadOptions = {}) => harness.stored(await harness.head(options))
const put = async (changed: StoredDocument): Promise<void> => {
  await harness.runtime.database.transaction((tx) => tx.documents(DOCUMENTS).put(changed))
}
const snapshot = async (known = ''): Promise<{ status: number; etag: string; body: string }> => {
  const response = await fetch(`${harness.url}/v1/snapshot`, { headers: { 'if-none-match': known } })
  return { status: response.status, etag: response.headers.get('etag')!, body: await response.text() }
}

describe('a row that this instance refuses at first', () => {
  /** Makes the copy refuse the row, and advance past its revision. */
  const refuse = async (): Promise<void> => {
    await put({ ...row, head: null as never, revision: 1_000_000 })
    await store({ policy: OTHER })
  }

  it.each([
    ['with a later revision', () => store({ policy: OTHER, seq: 2, version: '2.0.0' })],
    ['without one', () => copy.refresh()],
  ])('is sent to connected readers once it is accepted, %s', async (_what, accept) => {
    await refuse()
    expect(copy.documentsOf(POLICY)).toEqual([])
    const changes: StoredChange[] = []
    copy.onChange((change) => changes.push(change))
    await put(row)
    await accept()
    expect(copy.documentsOf(POLICY)).toHaveLength(1)
    expect(changes).toHaveLength(1)
    const [{ frame, partOf }] = changes as [StoredChange]
    const ids = ({ documents }: StreamFrame): string[] => documents.map(({ id }) => id)
    expect([frame.frame.type, ids(frame.frame)]).toEqual(['change', expect.arrayContaining([POLICY])])
    expect(ids(partOf(Subset.of([POLICY])!)!.frame)).toEqual([POLICY])
  })

  it('changes the ETag of the snapshot, which names it', async () => {
    await store({ policy: OTHER })
    const before = await snapshot()
    await put({ ...row, head: null as never, revision: 1_000_000 })
    await copy.refresh()
    const after = await snapshot(before.etag)
    expect([after.status, (JSON.parse(after.body) as StreamFrame).unverified]).toEqual([200, [PLACE]])
    expect((await snapshot(after.etag)).status).toBe(304)
  })
})
