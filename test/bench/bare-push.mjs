// The floor of a push: a bare TCP server that writes one buffer of the size given to every connection, as soon as one of them says so and as
// many are there as were named: a client is connected before its server knows.
import { createServer } from 'node:net'

const bytes = Buffer.alloc(Number(process.argv[2]), 'x')
const readers = Number(process.argv[3])
const sockets = new Set()
let isAsked = false

function push() {
  if (!isAsked || sockets.size < readers) return
  isAsked = false
  for (const socket of sockets) socket.write(bytes)
}

const server = createServer({ noDelay: true }, (socket) => {
  sockets.add(socket)
  socket.on('error', () => socket.destroy())
  socket.on('close', () => sockets.delete(socket))
  socket.on('data', () => {
    isAsked = true
    push()
  })
  push()
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 1_024 }, () => process.stdout.write(`${server.address().port}\n`))
