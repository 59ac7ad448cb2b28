import type { StreamFrame } from '#libs/contracts'
import { evaluate, holdDocument, type HeldDocument } from '#libs/evaluation'
import { WebSocket } from 'ws'

/** A bot that follows the stream but acknowledges only when the test says so. */
export class RawBot {
  private readonly held = new Map<string, HeldDocument>()
  private revision = 0

  private constructor(
    private readonly socket: WebSocket,
    readonly bot: string,
    readonly region: string,
  ) {
    socket.on('message', (data) => this.take(JSON.parse(String(data)) as StreamFrame))
  }

  static connect(url: string, bot: string, region: string): Promise<RawBot> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/stream?bot=${bot}&region=${region}`)
    const made = new RawBot(socket, bot, region)
    return new Promise((resolve, reject) => {
      socket.once('message', () => resolve(made))
      socket.once('error', reject)
    })
  }

  /** Release digest that it would apply at virtual time `now`. */
  digestOf(policy: string, now: number): string | null {
    const documents = [...this.held.values()].filter(({ document }) => document.id === policy)
    return evaluate(documents, { bot: this.bot, region: this.region }, now)?.held.document.digest ?? null
  }

  versionOf(policy: string, now: number): string | undefined {
    const documents = [...this.held.values()].filter(({ document }) => document.id === policy)
    return evaluate(documents, { bot: this.bot, region: this.region }, now)?.held.document.version ?? undefined
  }

  acknowledge(policy: string, now: number): void {
    const digest = this.digestOf(policy, now)
    const applied = digest === null ? {} : { [policy]: digest }
    this.socket.send(JSON.stringify({ type: 'applied', revision: this.revision, applied, cohortKey: true }))
  }

  close(): void {
    this.socket.close()
  }

  private take(frame: StreamFrame): void {
    if (frame.type === 'snapshot') this.held.clear()
    for (const document of frame.documents ?? []) this.held.set(`${document.id}@${document.scope}`, holdDocument(document))
    this.revision = frame.revision
  }
}
