import type { ApiClient } from '#libs/client'
import type { TopicRecord } from '#libs/contracts'

const POLL_MS = 500
const LONGEST_WAIT_MS = 10_000

export interface Following {
  topics: readonly string[]
  /** RFC 3339; without it, from now on. */
  since: string | undefined
  /** Called once following has started: no later record can be missed. */
  onReady(): void
  onRecord(record: TopicRecord): void
}

interface Polling extends Following {
  client: Pick<ApiClient, 'get'>
  /** Waits; resolves to `false` when following ends. */
  wait(ms: number): Promise<boolean>
  /** Called when the services did not respond. They are polled again from the same position. */
  onError(error: unknown): void
}

/** Follows an embedded bus by polling for records since the last page. Rejects if the first request gets no response. */
export async function followServices({ client, topics, since, onReady, onRecord, wait, onError }: Polling): Promise<void> {
  const names = topics.join(',')
  let page = await client.get('/v1/topics/records', { topics: names, since })
  onReady()
  let failures = 0
  do {
    for (const record of page.records) onRecord(record)
    if (page.records.length > 0 && !(await wait(0))) return
    try {
      page = await client.get('/v1/topics/records', { topics: names, after: page.next })
      failures = 0
    } catch (error) {
      page = { records: [], next: page.next }
      failures++
      onError(error)
    }
  } while (page.records.length > 0 || (await wait(Math.min(LONGEST_WAIT_MS, POLL_MS * 2 ** failures))))
}
