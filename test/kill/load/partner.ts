import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { loadIdentity, statement, verifyWebhook } from '#libs/client'
import { LooseApi } from '../../support/loose-api.js'

/** Messages that a partner has received. */
export interface Received {
  /** When each message came, and came again, by webhook id. */
  readonly received: ReadonlyMap<string, readonly number[]>
  /** Messages without a true signature. */
  readonly forged: number
}

/** A state partner on the loopback: it counts received messages by webhook id, and requires only a valid signature. */
export class Partner implements Received {
  readonly received = new Map<string, number[]>()
  forged = 0

  private constructor(
    private readonly server: Server,
    private readonly secret: string,
  ) {
    server.on('request', (request: IncomingMessage, response) => {
      void this.receive(request).then((status) => response.writeHead(status).end())
    })
  }

  static async register(id: string, url: string, dataDir: string): Promise<Partner> {
    const secret = `whsec_${randomBytes(32).toString('base64')}`
    const server = createServer()
    const partner = new Partner(server, secret)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const identity = await loadIdentity(dataDir)
    const operator = { signer: identity.operatorSigner(), audience: identity.roster.installation }
    const api = new LooseApi({ url, authorize: statement(async () => operator) })
    await api.post('/v1/partners', {
      id,
      name: id,
      groups: ['all'],
      channels: [{ webhook: { url: `http://127.0.0.1:${port}`, secret } }],
      networks: ['127.0.0.1/32'],
    })
    return partner
  }

  stop(): Promise<void> {
    this.server.closeAllConnections()
    return new Promise((resolve) => this.server.close(() => resolve()))
  }

  private async receive(request: IncomingMessage): Promise<number> {
    try {
      const chunks: Buffer[] = []
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
      verifyWebhook(this.secret, request.headers, Buffer.concat(chunks))
    } catch {
      this.forged++
      return 401
    }
    const id = String(request.headers['webhook-id'])
    this.received.set(id, [...(this.received.get(id) ?? []), Date.now()])
    return 204
  }
}
