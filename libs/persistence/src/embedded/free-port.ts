import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'

/** Tries to listen on 127.0.0.1; 0 means any free port. @returns the port, or undefined if it is taken */
export function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(undefined))
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = probe.address()
      probe.close(() => resolve(address && typeof address === 'object' ? address.port : undefined))
    })
  })
}

/** Returns the previous port if it is free, so that a saved URL stays valid; else any free one. */
export async function rememberedPort(file: string): Promise<number> {
  const last = Number(readIfThere(file))
  const again = last > 0 && last < 65536 ? await tryPort(last) : undefined
  const port = again ?? (await tryPort(0))
  if (!port) throw new Error('no free port on 127.0.0.1')
  return port
}

export function rememberPort(file: string, port: number): void {
  writeFileSync(file, `${port}\n`)
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
