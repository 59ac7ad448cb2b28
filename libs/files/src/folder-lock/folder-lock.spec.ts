import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { acquireFolder, claimSocket } from './folder-lock.js'

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hms-lock-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

it('locks a folder for one holder at a time, also when it is named through a link', async () => {
  const folder = newFolder()
  const alias = join(newFolder(), 'alias')
  symlinkSync(folder, alias)
  const lock = await acquireFolder(folder, { purpose: 'dev' })
  await expect(acquireFolder(alias, { purpose: 'dev' })).rejects.toMatchObject({
    code: 'HMS_DATA_FOLDER_IN_USE',
    message: expect.stringMatching(new RegExp(`${folder} is in use by process ${process.pid} \\(dev\\)`)),
    next: expect.stringContaining('--data'),
  })
  await lock.release()
  await lock.release()
  const again = await acquireFolder(alias, { purpose: 'dev' })
  await again.release()
})

it('gives the lock to exactly one of many concurrent claims', async () => {
  const folder = newFolder()
  const starts = await Promise.allSettled(Array.from({ length: 20 }, () => acquireFolder(folder, { purpose: 'dev' })))
  const won = starts.filter((start) => start.status === 'fulfilled')
  expect(won).toHaveLength(1)
  await won[0]?.value.release()
})

it.runIf(process.platform === 'linux')('releases the lock when its holder is killed', async () => {
  const address = `\0hms-svc-test-${process.pid}`
  const script = `require('node:net').createServer((socket) => socket.end(JSON.stringify({ pid: process.pid })))
    .listen({ path: ${JSON.stringify(address)} }, () => console.log('held'))`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  expect(await claimSocket(address, {})).toEqual({ heldBy: { pid: child.pid } })
  child.kill('SIGKILL')
  await once(child, 'exit')
  const claim = await claimSocket(address, {})
  expect(claim).not.toHaveProperty('heldBy')
  if ('release' in claim) await claim.release()
})
