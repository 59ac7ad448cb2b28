import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { bucketOf } from '#libs/policy'

const PYTHON = fileURLToPath(new URL('../support/cohort/buckets.py', import.meta.url))
const READERS = 1_000_000

/** The keys that `readers` of the Python twin makes, in its order. */
function bucketsHere(): Buffer {
  const buckets = Buffer.alloc(2 * READERS)
  for (let index = 0; index < READERS; index++) {
    const name = index % 5 === 0 ? `rég–${index}-🜁` : `bot-${index}`
    const bucket = bucketOf(index % 2 === 0 ? 'ozone-limit' : 'epa-pm25-limit', name, index % 3 === 0 ? `s${index % 97}` : '')
    buckets.writeUInt16LE(bucket, 2 * index)
  }
  return buckets
}

it('a second implementation puts a million readers into the same buckets', { timeout: 600_000 }, async () => {
  const python = promisify(execFile)('/usr/bin/env', ['python3', PYTHON, String(READERS)], { timeout: 590_000 })
  const here = createHash('sha256').update(bucketsHere()).digest('hex')
  expect((await python).stdout.trim()).toBe(here)
})
