import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { Flow, MAX_HELD_BYTES } from './flow.js'
import { Talker } from './talker.js'
import { latency } from './toxics.js'

async function socketPair(): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  await once(server, 'listening')
  const near = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
  const [far] = await accepted
  server.close()
  onTestFinished(() => [near, far].forEach((socket) => socket.destroy()))
  return [near, far]
}

const alone = { reset: () => {}, abandonClient: () => {} }

it('stops reading when its buffer is full, and passes all of it on in order when it may', async () => {
  const [sender, source] = await socketPair()
  const [sink, receiver] = await socketPair()
  const listener = new Talker(receiver)
  const flow = new Flow('up', source, sink, alone)
  onTestFinished(() => flow.stop())
  const toxic = latency({ ms: 3_600_000 })
  flow.infect(toxic)

  const payload = randomBytes(8 * 1024 * 1024)
  sender.end(payload)
  await once(source, 'pause')
  expect(source.bytesRead).toBeGreaterThanOrEqual(MAX_HELD_BYTES)
  expect(source.bytesRead).toBeLessThan(MAX_HELD_BYTES + 128 * 1024)

  flow.lift(toxic)
  expect((await listener.heard(payload.length)).equals(payload)).toBe(true)
  expect(await listener.over).toBe('end')
})

it('passes on that a sender who had ended is gone altogether', async () => {
  const [sender, source] = await socketPair()
  const [sink, receiver] = await socketPair()
  source.on('error', () => {})
  const listener = new Talker(receiver)
  const flow = new Flow('up', source, sink, alone)
  onTestFinished(() => flow.stop())
  sender.end()
  expect(await listener.over).toBe('end')
  const broken = once(sink, 'close')
  sender.destroy()
  // The first answer is met by a reset, which the next one finds.
  while (!source.destroyed) await new Promise<void>((resolve) => source.write('a response that the client does not read', () => resolve()))
  await broken
})
