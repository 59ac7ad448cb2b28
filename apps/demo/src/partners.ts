import { verifyWebhook, type ApiClient } from '#libs/client'
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'

const PARTNERS = [
  { id: 'dc-doee', name: 'DC Department of Energy and Environment', group: 'state-airboards' },
  { id: 'md-mde', name: 'Maryland Department of the Environment', group: 'state-airboards' },
  { id: 'nc-deq', name: 'North Carolina Department of Environmental Quality', group: 'state-airboards' },
  { id: 'va-deq', name: 'Virginia Department of Environmental Quality', group: 'state-airboards' },
  { id: 'wv-dep', name: 'West Virginia Department of Environmental Protection', group: 'state-airboards' },
  { id: 'open-air-data', name: 'EPA Open Data', group: 'epa-open-data' },
]
const MAX_BODY_BYTES = 64 * 1024

export interface Partners {
  count: number
  /** Messages whose signature was true. */
  received(): number
  stop(): Promise<void>
}

/** Six partners, each with a webhook receiver of its own on this machine that verifies what it gets. */
export async function startPartners(api: ApiClient): Promise<Partners> {
  const secrets = new Map(PARTNERS.map(({ id }) => [id, `whsec_${randomBytes(32).toString('base64')}`]))
  const seen = new Set<string>()
  const server = createServer((request, response) => {
    void receive(request, secrets, seen).then((status) => response.writeHead(status).end())
  })
  const port = await listen(server)
  for (const { id, name, group } of PARTNERS) {
    const webhook = { url: `http://127.0.0.1:${port}/hooks/${id}`, secret: secrets.get(id) }
    await api.post('/v1/partners', { id, name, groups: [group], channels: [{ webhook }], networks: ['127.0.0.1/32'] })
  }
  return {
    count: PARTNERS.length,
    received: () => seen.size,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

async function receive(request: IncomingMessage, secrets: Map<string, string>, seen: Set<string>): Promise<number> {
  const partner = request.url?.split('/').at(-1) ?? ''
  const secret = secrets.get(partner)
  if (request.method !== 'POST' || secret === undefined) return 404
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) return 413
    chunks.push(chunk)
  }
  try {
    verifyWebhook(secret, request.headers, Buffer.concat(chunks))
  } catch {
    return 401
  }
  // A repeated id is the same message tried again.
  seen.add(`${partner} ${String(request.headers['webhook-id'])}`)
  return 204
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  })
}
