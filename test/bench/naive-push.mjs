// What a first draft of a push does: a bare `ws` server that sends a string of the size given to each client, as soon as one of them asks.
import { WebSocketServer } from 'ws'

const text = 'x'.repeat(Number(process.argv[2]))
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', backlog: 4_096, perMessageDeflate: false })
server.on('connection', (socket) => {
  socket.on('message', () => server.clients.forEach((client) => client.send(text)))
  socket.send('{}')
})
server.on('listening', () => process.stdout.write(`${server.address().port}\n`))
