// Loaded into `dev` by `npm run bench -- cost`. SIGUSR2 starts it: it counts what goes to PostgreSQL and profiles the main thread. The next
// SIGUSR2 writes both to COST_FILE.
import { renameSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { Client } from 'pg'

const counts = { packets: 0, bytes: 0, statements: 0 }
const texts = new Map()
const session = new Session()
let running = false

const { connect, query } = Client.prototype
Client.prototype.connect = function (...args) {
  const { stream } = this.connection
  for (const method of ['_write', '_writev']) {
    const write = stream[method]
    // One call is one system call, and about one packet.
    stream[method] = function (data, ...rest) {
      if (running) {
        counts.packets++
        counts.bytes += method === '_write' ? data.length : data.reduce((sum, { chunk }) => sum + chunk.length, 0)
      }
      return write.call(this, data, ...rest)
    }
  }
  return connect.apply(this, args)
}
Client.prototype.query = function (...args) {
  const batch = args[0]?.statements ?? [args[0]]
  if (running) for (const statement of batch) count(String(statement?.text ?? statement))
  return query.apply(this, args)
}

function count(text) {
  const start = text.replace(/\s+/g, ' ').trim().slice(0, 100)
  counts.statements++
  texts.set(start, (texts.get(start) ?? 0) + 1)
}

process.on('SIGUSR2', () => {
  ;(running ? stop() : start()).catch((error) => process.stderr.write(`${error.stack}\n`))
})

async function start() {
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 500 })
  await session.post('Profiler.start')
  running = true
}

async function stop() {
  running = false
  const { profile } = await session.post('Profiler.stop')
  const file = process.env['COST_FILE']
  writeFileSync(`${file}.part`, JSON.stringify({ counts, texts: [...texts], profile }))
  renameSync(`${file}.part`, file)
}
