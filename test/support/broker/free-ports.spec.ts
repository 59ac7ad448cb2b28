import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { freePort, freePorts } from './free-ports.js'

it('gives each port once, and none that the kernel gives to others', async () => {
  const ports = await freePorts(500)
  expect(new Set(ports).size).toBe(500)
  expect(ports.filter((port) => port < 10_000 || port >= 32_768)).toEqual([])
})

it('passes over a port that is taken', async () => {
  const next = (await freePort()) + 1
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(next, '127.0.0.1', resolve))
  expect(await freePort()).toBe(next + 1)
  await new Promise((resolve) => server.close(resolve))
})
