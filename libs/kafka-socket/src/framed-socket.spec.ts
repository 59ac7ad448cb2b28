import { once } from 'node:events'
import { createServer, Socket, type AddressInfo } from 'node:net'
import { expect, it, onTestFinished, vi } from 'vitest'
import { framedSocket } from './framed-socket.js'

it('sends the end of a request without delay (TCP_NODELAY)', async () => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const noDelay = vi.spyOn(Socket.prototype, 'setNoDelay')
  onTestFinished(() => noDelay.mockRestore())
  const { port } = server.address() as AddressInfo
  const connected = new Promise<void>((resolve) => {
    const socket = framedSocket({ host: '127.0.0.1', port, onConnect: resolve })
    onTestFinished(() => void socket.destroy())
  })
  await connected
  expect(noDelay).toHaveBeenCalledWith(true)
})
