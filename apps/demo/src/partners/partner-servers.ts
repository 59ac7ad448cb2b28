import { type ApiClient, verifyWebhook, type WebhookBody } from '#libs/client'
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { FileReceiver } from './file-receiver.js'
import { MailReceiver } from './mail-receiver.js'
import type { Receipt } from './receipt.js'

const MAX_BODY_BYTES = 64 * 1024

/** An HTTP server of the demo on loopback, with a path and a secret for each partner. */
class WebhookReceiver {
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

const PARTNERS = [
  { id: 'dc-doee', name: 'DC Department of Energy and Environment', group: 'state-airboards', by: 'sftp' },
  { id: 'md-mde', name: 'Maryland Department of the Environment', group: 'state-airboards', by: 'email' },
  { id: 'nc-deq', name: 'North Carolina Department of Environmental Quality', group: 'state-airboards', by: 'webhook' },
  { id: 'va-deq', name: 'Virginia Department of Environmental Quality', group: 'state-airboards', by: 'webhook' },
  { id: 'wv-dep', name: 'West Virginia Department of Environmental Protection', group: 'state-airboards', by: 'email' },
  { id: 'open-air-data', name: 'EPA Open Data', group: 'epa-open-data', by: 'sftp' },
] as const

/** Six partners with servers of their own on this machine: two take webhooks, two mails, two files over SFTP. */
export class PartnerServers {
  readonly count = PARTNERS.length
  /** Messages that the servers received and checked, in the order of arrival. */
  readonly receipts: Receipt[] = []
  private readonly keep = (receipt: Receipt): void => void this.receipts.push(receipt)
  private readonly webhook = new WebhookReceiver(this.keep)
  private readonly email = new MailReceiver(this.keep)
  private readonly sftp = new FileReceiver(this.keep)

  async start(): Promise<this> {
    await Promise.all([this.webhook.start(), this.email.start(), this.sftp.start()])
    return this
  }

  /** Environment variables with which the system must be started to reach the servers. */
  get environment(): Record<string, string> {
    return this.email.environment
  }

  async register(api: ApiClient): Promise<void> {
    for (const { id, name, group, by } of PARTNERS) {
      const channel = this[by].channelOf(id)
      await api.post('/v1/partners', { id, name, groups: [group], channels: [channel], networks: ['127.0.0.1/32'] })
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.webhook.stop(), this.email.stop(), this.sftp.stop()])
  }
}
