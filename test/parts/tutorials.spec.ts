import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
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
      } finally {
        await reader.end()
      }
    },
    600_000,
  )
})
