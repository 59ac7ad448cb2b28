import { afterEach, expect, it, vi } from 'vitest'
import { runService } from './run-service.js'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

it('ends the process of a failed start once its message is written, whatever it has left open', async () => {
  const order: string[] = []
  vi.spyOn(process, 'exit').mockImplementation((code) => order.push(`exit ${code}`) as never)
  let written = (): void => {}
  vi.spyOn(process.stderr, 'write').mockImplementation((text, done) => {
    order.push(String(text))
    written = done as unknown as () => void
    return true
  })
  vi.stubEnv('HMS_BUS', 'embedded')
  vi.stubEnv('HMS_PROFILE', 'dev')
  await runService('linter')
  expect(order).toEqual([expect.stringContaining('[HMS_BUS_EMBEDDED]')])
  written()
  expect(order.slice(1)).toEqual(['exit 2'])
})
