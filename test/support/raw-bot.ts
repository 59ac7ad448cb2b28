import type { StreamFrame } from '#libs/contracts'
import { evaluate, decodeDocument, type HeldDocument } from '#libs/evaluation'
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

  /** One frame: what it does not name counts as not applied. */
  acknowledge(policies: string | readonly string[], now: number): void {
    const digests = [policies].flat().map((policy) => [policy, this.digestOf(policy, now)] as const)
    const applied = Object.fromEntries(digests.filter(([, digest]) => digest !== null))
    const held = Object.fromEntries([policies].flat().flatMap((policy) => this.heldOf(policy, now)))
    this.socket.send(
      JSON.stringify({
        type: 'applied',
        revision: this.revision,
        applied,
        ...(Object.keys(held).length === 0 ? {} : { held }),
        cohortKey: true,
      }),
    )
  }

  /** Digests that it holds for later, by policy; empty for none. */
  private heldOf(policy: string, now: number): [string, string[]][] {
    const documents = [...this.held.values()].filter(({ document }) => document.id === policy)
    const digests = documents.flatMap(({ next }) => (next === null || next.atMs <= now ? [] : (next.held.document.digest ?? [])))
    return digests.length === 0 ? [] : [[policy, digests]]
  }

  close(): void {
    this.socket.close()
  }

  private take(frame: StreamFrame): void {
    if (frame.type === 'snapshot') this.held.clear()
    for (const document of frame.documents ?? []) this.held.set(`${document.id}@${document.scope}`, decodeDocument(document))
    this.revision = frame.revision
  }
}
