import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { framedSocket } from '#libs/kafka-socket'

interface KafkaConnection {
  connect(): Promise<boolean>
  disconnect(): Promise<boolean>
  requestQueue: { fulfillRequest(response: { correlationId: number; size: number }): void }
}
const require = createRequire(import.meta.url)
const Connection = require('kafkajs/src/network/connection') as new (options: object) => KafkaConnection
const quiet = { debug() {}, info() {}, warn() {}, error() {}, namespace: () => quiet }

/** kafkajs put what was left of a response that was cut off before the next connection's bytes, and its RangeError ended the process. */
it('nothing of a response that was cut off is left when kafkajs connects again', async () => {
  const response = Buffer.from([0, 0, 0, 8, 0, 0, 0, 7, 1, 2, 3, 4])
  const answers = [response.subarray(0, 2), response]
  const server = createServer((socket: Socket) => socket.end(answers.shift()!)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const connection = new Connection({
    host: '127.0.0.1',
    port,
    logger: quiet,
    socketFactory: framedSocket,
    requestTimeout: 1_000,
    connectionTimeout: 1_000,
  })
  const heard: unknown[] = []
  connection.requestQueue.fulfillRequest = ({ correlationId, size }) => heard.push({ correlationId, size })
  for (const _time of [1, 2]) {
    const served = once(server, 'connection')
    await connection.connect()
    const [socket] = (await served) as [Socket]
    if (!socket.closed) await once(socket, 'close')
    await connection.disconnect()
  }
  expect(heard).toEqual([{ correlationId: 7, size: 8 }])
})
