import { HmsError } from '#libs/contracts'
import { createServer } from 'node:net'

/** Refuses a port in use, before a database is started for nothing. */
export async function requireFreePort(host: string, port: number): Promise<void> {
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    })
  } catch (error) {
    const code = (error as { code?: string }).code
    if (code === 'EADDRINUSE') {
      throw new HmsError('HMS_PORT_IN_USE', `Port ${port} of ${host} is in use.`, {
        status: 409,
        next: [`hms-svc dev --port ${port + 1}`],
        cause: error,
      })
    }
    throw new HmsError('HMS_PORT_REFUSED', `Port ${port} of ${host} cannot be used (${code ?? 'unknown'}).`, {
      status: 400,
      next: ['hms-svc dev --port NUMBER'],
      cause: error,
    })
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}
