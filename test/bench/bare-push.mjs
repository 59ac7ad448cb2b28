// The floor of a push: a bare TCP server that writes one buffer of the size given to every connection, as soon as one of them says so.
import { createServer } from 'node:net'

const bytes = Buffer.alloc(Number(process.argv[2]), 'x')
const sockets = new Set()
const server = createServer({ noDelay: true }, (socket) => {
  sockets.add(socket)
  socket.on('error', () => socket.destroy())
  socket.on('close', () => sockets.delete(socket))
  socket.on('data', () => {
    for (const each of sockets) each.write(bytes)
  })
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 1_024 }, () => process.stdout.write(`${server.address().port}\n`))
