import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { finished } from 'node:stream/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { closeQueuedResponses, requireConnection } from './queued-responses.js'

let server: Server
let answers: ServerResponse[]
let all: (count: number) => Promise<void>
beforeEach(async () => {
  answers = []
  server = createServer((_request, response) => void answers.push(response))
  closeQueuedResponses(server)
  all = async (count) => {
    while (answers.length < count) await once(server, 'request')
  }
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
afterEach(async () => {
  server.closeAllConnections()
  await once(server.close(), 'close')
})

function pipeline(times: number): Socket {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(times))
  return socket
}

describe('responses to requests of one packet', () => {
  it('all get a close event, once each', async () => {
    const socket = pipeline(4)
    await all(4)
    let count = 0
    for (const answer of answers) answer.on('close', () => count++)
    const closeEvents = Promise.all(answers.map((answer) => once(answer, 'close')))
    socket.destroy()
    await closeEvents
    expect([count, answers.every(({ destroyed }) => destroyed)]).toEqual([4, true])
    // A later listener is notified too: a stream piped into the response ends.
    await expect(finished(answers[3]!)).rejects.toThrow('Premature close')
  })

  it('may not begin a stream, except the first, which has the connection', async () => {
    const socket = pipeline(2)
    await all(2)
    expect(() => requireConnection(answers[0]!)).not.toThrow()
    expect(() => requireConnection(answers[1]!)).toThrow(expect.objectContaining({ status: 400, code: 'HMS_HTTP_BAD_REQUEST' }) as Error)
    // The second response gets the connection once the first is complete.
    answers[0]!.end()
    await once(answers[0]!, 'close')
    expect(() => requireConnection(answers[1]!)).not.toThrow()
    const text = once(socket.resume(), 'close')
    answers[1]!.end()
    await text
    expect(answers[1]!.getHeader('connection')).toBe('close')
  })

  it('may not begin a stream for a client that has disconnected', async () => {
    const socket = pipeline(1)
    await all(1)
    const closed = once(answers[0]!, 'close')
    socket.destroy()
    await closed
    expect(() => requireConnection(answers[0]!)).toThrow()
  })
})
