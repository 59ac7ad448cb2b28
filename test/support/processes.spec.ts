import { describe, expect, it } from 'vitest'
import { finished } from './processes.js'

/** Writes the two bytes of µ to both outputs, one by one. */
const HALVES = `
for (const out of [process.stdout, process.stderr]) out.write(Buffer.from([0xc2]))
setTimeout(() => { for (const out of [process.stdout, process.stderr]) out.write(Buffer.from([0xb5])) }, 200)`

describe('finished', () => {
  it('reads a character whole that came in two pieces', async () => {
    expect(await finished(process.execPath, ['-e', HALVES], {}, 60_000)).toEqual({ code: 0, stdout: 'µ', stderr: 'µ' })
  })
})
