import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { ClientCredentials } from './client-credentials.js'

type Respond = (request: IncomingMessage, response: ServerResponse, form: URLSearchParams) => void

async function endpoint(respond: Respond): Promise<URL> {
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => respond(request, response, new URLSearchParams(body)))
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  onTestFinished(() => void (server.closeAllConnections(), server.close()))
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/token`)
}

const json = (response: ServerResponse, value: unknown, status = 200): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))

it('fetches a token once, for all who want it, and again shortly before it expires', async () => {
  const forms: string[] = []
  const tokenUrl = await endpoint(({ headers }, response, form) => {
    forms.push(`${headers.authorization} ${form}`)
    json(response, { access_token: `t${forms.length}`, expires_in: 3_600 })
  })
  let now = 0
  const tokens = new ClientCredentials({ tokenUrl, client: 'a:c', secret: 's+/ é', scope: 'kafka x', audience: 'https://k' }, () => now)
  expect(await Promise.all([tokens.get(), tokens.get()])).toEqual(['t1', 't1'])
  now = 3_539_000
  expect(await tokens.get()).toBe('t1')
  now = 3_540_000
  expect(await tokens.get()).toBe('t2')
  const basic = Buffer.from('a%3Ac:s%2B%2F+%C3%A9').toString('base64')
  expect(forms).toEqual(Array(2).fill(`Basic ${basic} grant_type=client_credentials&scope=kafka+x&audience=https%3A%2F%2Fk`))
})

it('keeps a token of unknown or short life no longer than half of it', async () => {
  const lives = [undefined, 20, 20]
  let asked = 0
  const tokenUrl = await endpoint((_request, response) => json(response, { access_token: `t${asked}`, expires_in: lives[asked++] }))
  let now = 0
  const tokens = new ClientCredentials({ tokenUrl, client: 'c', secret: 's' }, () => now)
  const seen: string[] = []
  for (now of [0, 29_000, 30_000, 39_000, 40_000]) seen.push(await tokens.get())
  expect(seen).toEqual(['t0', 't0', 't1', 't1', 't2'])
})

it('sends the secret in the form where the endpoint takes no Basic', async () => {
  const tokenUrl = await endpoint(({ headers }, response, form) => {
    const isKnown = headers.authorization === undefined && form.get('client_id') === 'c' && form.get('client_secret') === 's'
    json(response, isKnown ? { access_token: 't', expires_in: 60 } : { error: 'invalid_client' }, isKnown ? 200 : 401)
  })
  expect(await new ClientCredentials({ tokenUrl, client: 'c', secret: 's' }).get()).toBe('t')
})

const refuses = { name: 'KafkaJSSASLAuthenticationError', retriable: false }
const fails = { name: 'KafkaJSConnectionError', retriable: true }
it.each<[string, object, Respond]>([
  [
    'a refused client',
    { ...refuses, message: expect.stringContaining('401 (invalid_client)') },
    (_, to) => json(to, { error: 'invalid_client' }, 401),
  ],
  ['a refusal that repeats the secret', refuses, (_, to) => json(to, { error: 'no such client with s3cret' }, 400)],
  ['an endpoint that is overloaded', fails, (_, to) => json(to, { error: 's3cret' }, 429)],
  ['an endpoint that fails', fails, (_, to) => json(to, 's3cret', 500)],
  ['a redirect', fails, (_, to) => void to.writeHead(307, { location: '/elsewhere' }).end()],
  ['a token of other characters', fails, (_, to) => json(to, { access_token: 'a\u0001b', expires_in: 60 })],
  ['no JSON', fails, (_, to) => void to.end('<html>')],
  ['a response without end', { ...fails, message: expect.stringContaining('larger than 64 KiB') }, (_, to) => void pour(to)],
])('reports %s', async (_what, error, respond) => {
  const tokens = new ClientCredentials({ tokenUrl: await endpoint(respond), client: 'c', secret: 's3cret' })
  const caught = await tokens.get().catch((thrown: unknown) => thrown as Error)
  expect(caught).toMatchObject(error)
  expect((caught as Error).message).not.toContain('s3cret')
})

function pour(response: ServerResponse): void {
  const more = (): void => {
    while (!response.destroyed && response.write('x'.repeat(16_384)));
    response.once('drain', more)
  }
  more()
}
