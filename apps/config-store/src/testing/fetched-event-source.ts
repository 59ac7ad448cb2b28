/**
 * `EventSource` of browsers, which Node 20 lacks, with the features the web provider uses: it reconnects with the last id, and fails on any
 * status but 200.
 */
export class FetchedEventSource extends EventTarget {
  readyState: 0 | 1 | 2 = 0
  private readonly aborted = new AbortController()
  private lastId = ''

  constructor(private readonly url: string) {
    super()
    void this.run()
  }

  close(): void {
    this.readyState = 2
    this.aborted.abort()
  }

  private async run(): Promise<void> {
    while (this.readyState !== 2) {
      const isRefused = await this.connect().catch(() => false)
      if (this.aborted.signal.aborted) return
      this.readyState = isRefused ? 2 : 0
      this.dispatchEvent(new Event('error'))
    }
  }

  /** Resolves when the stream has ended: `true` if the server refused it. */
  private async connect(): Promise<boolean> {
    const headers: Record<string, string> = this.lastId === '' ? {} : { 'last-event-id': this.lastId }
    const response = await fetch(this.url, { headers, signal: this.aborted.signal })
    if (response.status !== 200) return true
    this.readyState = 1
    this.dispatchEvent(new Event('open'))
    let text = ''
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const frames = (text + chunk).split('\n\n')
      text = frames.pop() ?? ''
      for (const frame of frames) this.hand(frame)
    }
    return false
  }

  private hand(frame: string): void {
    const fields = new Map(frame.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]))
    this.lastId = fields.get('id') ?? this.lastId
    if (fields.has('data')) this.dispatchEvent(new MessageEvent(fields.get('event') ?? 'message', { data: fields.get('data') }))
  }
}
