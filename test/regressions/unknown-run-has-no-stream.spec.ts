import { expect, it, onTestFinished } from 'vitest'
import { startMemorySystem } from '../support/memory-system.js'

/** The stream of a run that does not exist began with 200 and ended in `event: error`: a client could not tell it from a fault. */
it('the events of an unknown run are a 404 with its code', async () => {
  const system = await startMemorySystem()
  onTestFinished(() => system.stop())
  const response = await fetch(`${system.url}/v1/runs/999/events`)
  expect(response.status).toBe(404)
  expect(await response.json()).toMatchObject({ code: 'HMS_RUN_NOT_FOUND' })
})
