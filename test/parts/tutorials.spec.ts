import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from '../architecture/root.js'
import { InstalledPackage, pack } from '../support/installed-package.js'
import { freePort, ready, scratchFolder } from '../support/processes.js'
import { blocksOf, Reader } from '../support/tutorial.js'

const FOLDER = join(ROOT, 'docs/tutorials')
const TUTORIALS = readdirSync(FOLDER)

describe('tutorials', () => {
  const scratch = scratchFolder()
  const installed = join(scratch.path, 'installed')
  beforeAll(() => {
    mkdirSync(installed)
    InstalledPackage.install(pack(scratch.path), installed)
  }, 600_000)
  afterAll(() => scratch.remove())

  it('are there, one for each kind of person', () => {
    expect(TUTORIALS.toSorted()).toEqual(['auditor.md', 'bot-author.md', 'official.md', 'operator.md', 'partner.md'])
  })

  it.each(TUTORIALS)(
    '%s works unchanged in an empty folder',
    async (name) => {
      const blocks = blocksOf(readFileSync(join(FOLDER, name), 'utf8'))
      expect(blocks.length).toBeGreaterThan(4)
      const folder = join(scratch.path, name)
      mkdirSync(folder)
      const [port, receiver] = [await freePort(), await freePort()]
      const url = `http://127.0.0.1:${port}`
      const said = {
        // Once for all of them: another spec installs the package.
        'npm install hms-svc': `ln -s ${join(installed, 'node_modules')} node_modules`,
        'http://127.0.0.1:7184': url,
        '8900': String(receiver),
      }
      const reader = new Reader(folder, { HMS_PORT: String(port), HMS_URL: url }, said, () => ready(url))
      try {
        for (const block of blocks) await reader.do(block)
        if (name === 'partner.md') expect(await statusAfterCutRequest(receiver)).toBe(401)
      } finally {
        await reader.end()
      }
    },
    600_000,
  )
})

/** Cuts a request to the receiver in its body, then returns the status of the next request. */
async function statusAfterCutRequest(port: number): Promise<number> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write('POST /hms HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n{')
  // The interim response proves that the receiver reads the body.
  await once(socket, 'data')
  socket.destroy()
  await once(socket, 'close')
  return (await fetch(`http://127.0.0.1:${port}/hms`, { method: 'POST', body: '{}' })).status
}
