import { createServer, type AddressInfo, type Server } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { listenError } from './listen-error.js'

async function listen(host: string, port: number): Promise<Server> {
  const server = createServer()
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return server
}

async function refusalOf(host: string, port: number): Promise<unknown> {
  const error = await listen(host, port).catch((cause: unknown) => cause)
  return listenError(host, port, error, (other) => `serve --port ${other}`)
}

describe('listenError', () => {
  it('names a port in use, and the next one', async () => {
    const { port } = (await listen('127.0.0.1', 0)).address() as AddressInfo
    expect(await refusalOf('127.0.0.1', port)).toMatchObject({
      code: 'HMS_PORT_IN_USE',
      status: 409,
      detail: `Port ${port} of 127.0.0.1 is in use.`,
      next: [`serve --port ${port + 1}`],
    })
  })

  it('names an address that the system refuses, with the reason', async () => {
    expect(await refusalOf('192.0.2.1', 7100)).toMatchObject({
      code: 'HMS_PORT_REFUSED',
      status: 400,
      detail: 'Port 7100 of 192.0.2.1 cannot be used (EADDRNOTAVAIL).',
      next: ['serve --port NUMBER'],
    })
  })

  it('leaves errors of other calls unchanged', () => {
    const errors = [
      new Error('a plugin failed'),
      Object.assign(new Error('refused'), { code: 'ECONNREFUSED', syscall: 'connect' }),
      undefined,
    ]
    for (const error of errors) expect(listenError('127.0.0.1', 1, error, String)).toBe(error)
  })
})
