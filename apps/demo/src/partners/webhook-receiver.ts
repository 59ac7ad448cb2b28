import { verifyWebhook, type WebhookBody } from '#libs/client'
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Receipt } from './receipt.js'

const MAX_BODY_BYTES = 64 * 1024

/** An HTTP server of the demo on loopback, with a path and a secret for each partner. */
export class WebhookReceiver {
  private readonly secrets = new Map<string, string>()
  /** A repeated id is the same message tried again. */
  private readonly seen = new Set<string>()
  private readonly server: Server

  constructor(private readonly onReceipt: (receipt: Receipt) => void) {
    this.server = createServer((request, response) => {
      void this.receive(request).then(
        (status) => response.writeHead(status).end(),
        () => response.destroy(),
      )
    })
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve))
  }

  channelOf(partner: string): { webhook: { url: string; secret: string } } {
    const secret = `whsec_${randomBytes(32).toString('base64')}`
    this.secrets.set(partner, secret)
    return { webhook: { url: `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hooks/${partner}`, secret } }
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.server.close(() => resolve()))
  }

  private async receive(request: IncomingMessage): Promise<number> {
    const partner = request.url?.split('/').at(-1) ?? ''
    const secret = this.secrets.get(partner)
    if (request.method !== 'POST' || secret === undefined) return 404
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > MAX_BODY_BYTES) return 413
      chunks.push(chunk)
    }
    let body: WebhookBody
    try {
      body = verifyWebhook(secret, request.headers, Buffer.concat(chunks))
    } catch {
      return 401
    }
    const message = `${partner} ${String(request.headers['webhook-id'])}`
    if (!this.seen.has(message)) {
      const what = `a webhook, ${body.type} ${String(body.data['id'])}@${String(body.data['version'])}`
      this.onReceipt({ partner, what, proof: 'its signature is right' })
    }
    this.seen.add(message)
    return 204
  }
}
