// The floor of a storm: a bare `ws` server that sends a given number of bytes to each client.
import { WebSocketServer } from 'ws'

const bytes = Buffer.alloc(Number(process.argv[2]), 'x')
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', backlog: 4_096, perMessageDeflate: false })
server.on('connection', (socket) => socket.send(bytes, { binary: false }))
server.on('listening', () => process.stdout.write(`${server.address().port}\n`))
