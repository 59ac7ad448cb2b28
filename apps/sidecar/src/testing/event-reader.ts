import { once } from 'node:events'
import { get, type IncomingMessage, type RequestOptions } from 'node:http'

export interface ReadEvent {
  id?: string
  event?: string
  data: Record<string, unknown>
}

/** Reader of Server-Sent Events that returns one event at a time. */
export class EventReader {
  private buffer = ''
  private readonly chunks: AsyncIterator<Buffer>

  private constructor(readonly response: IncomingMessage) {
    this.chunks = response[Symbol.asyncIterator]()
  }

  static async open(options: RequestOptions, lastEventId?: string): Promise<EventReader> {
    const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
    const [response] = (await once(
      get({ path: '/v1/events', agent: false, ...options, headers: { ...options.headers, ...headers } }),
      'response',
    )) as [IncomingMessage]
    return new EventReader(response)
  }

  /** Resolves to `undefined` when the stream has ended. */
  async next(): Promise<ReadEvent | undefined> {
    for (;;) {
      const end = this.buffer.indexOf('\n\n')
      if (end >= 0) {
        const block = this.buffer.slice(0, end)
        this.buffer = this.buffer.slice(end + 2)
        const fields = Object.fromEntries(
          block.split('\n').map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]),
        )
        return { ...fields, data: JSON.parse(fields['data'] ?? '{}') as Record<string, unknown> }
      }
      const { done, value } = await this.chunks.next()
      if (done === true) return undefined
      this.buffer += value.toString()
    }
  }

  /** Skips events until one matches. */
  async until(matches: (event: ReadEvent) => boolean): Promise<ReadEvent> {
    for (;;) {
      const event = await this.next()
      if (event === undefined) throw new Error('the stream has ended')
      if (matches(event)) return event
    }
  }

  close(): void {
    this.response.destroy()
  }
}
