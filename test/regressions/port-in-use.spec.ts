import { createServer, type AddressInfo, type Server } from 'node:net'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { MemoryBus } from '#libs/messaging/testing'
import { serveEdge } from '../../apps/edge/src/edge.js'
import { startMemorySystem } from '../support/memory-system.js'

let other: Server
let port: number
beforeAll(async () => {
  other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  port = (other.address() as AddressInfo).port
})
afterAll(() => void other.close())

const inUse = () => ({ code: 'HMS_PORT_IN_USE', status: 409, detail: `Port ${port} of 127.0.0.1 is in use.` })

it('the edge names its port if another process has it', async () => {
  const starting = serveEdge({ HMS_PROFILE: 'dev', HMS_PORT: String(port), HMS_LOG_LEVEL: 'silent' })
  await expect(starting).rejects.toMatchObject({ ...inUse(), next: [`HMS_PORT=${port + 1} hms-svc serve edge`] })
})

it('a host of services names its port if another process has it, and stops what it started', async () => {
  const bus = new MemoryBus()
  const close = vi.spyOn(bus, 'close')
  await expect(startMemorySystem({}, bus, undefined, undefined, [], port)).rejects.toMatchObject(inUse())
  // Its readers would otherwise keep the process alive.
  expect(close).toHaveBeenCalledOnce()
})
