import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { PositionFile } from './follow-messages.js'

it('PositionFile can be written by several listeners at once', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hms-position-'))
  const position = { newest: '2026-01-01T00:00:00.000Z', seen: [], secret: 'whsec_1' }
  const file = (): PositionFile => new PositionFile(folder, 'http://127.0.0.1:3000', 'va-deq')
  await Promise.all(Array.from({ length: 20 }, () => file().write(position)))
  expect(await file().read()).toEqual(position)
  await rm(folder, { recursive: true })
})
