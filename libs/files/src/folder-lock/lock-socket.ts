import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Claim, Holder } from './claim.js'

const ATTEMPTS = 5
const ANSWER_MS = 1_000

/** Listens on an address that one process at a time can own, and sends the holder to each client that connects. */
export async function claimSocket(address: string, holder: Holder): Promise<Claim> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const server = await listen(address, holder)
    if (server) return { release: () => close(server) }
    const heldBy = await ask(address)
    if (heldBy) return { heldBy }
    // The holder ended between these two steps: the address is free again.
  }
  return { heldBy: {} }
}

async function listen(address: string, holder: Holder): Promise<Server | undefined> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined) // the asker left
    socket.end(JSON.stringify(holder))
  })
  try {
    server.listen({ path: address })
    await once(server, 'listening')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return undefined
    throw error
  }
  server.unref() // the lock alone does not keep its process running
  return server
}

/** @returns undefined if no process listens; an empty holder if one listens but does not answer (stopped, or very busy) */
async function ask(address: string): Promise<Holder | undefined> {
  const socket = connect({ path: address })
  socket.setTimeout(ANSWER_MS, () => socket.destroy())
  try {
    await once(socket, 'connect')
  } catch {
    return undefined
  }
  try {
    const answer: unknown = JSON.parse(await text(socket))
    return typeof answer === 'object' && answer !== null ? answer : {}
  } catch {
    return {}
  }
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  await closed
}
