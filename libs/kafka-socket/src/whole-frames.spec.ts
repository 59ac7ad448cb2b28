import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wholeFrames } from './framed-socket.js'

function frameOf(payload: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(payload.length)
  return Buffer.concat([length, payload])
}

/** Returns the delivered pieces and refusals for `bytes` that arrive in chunks, cut at these offsets. */
function heard(bytes: Buffer, cuts: number[]): { pieces: Buffer[]; refused: string[] } {
  const pieces: Buffer[] = []
  const refused: string[] = []
  const take = wholeFrames(
    (frames) => pieces.push(frames),
    ({ message }) => refused.push(message),
  )
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  for (const [at, place] of places.slice(0, -1).entries()) take(bytes.subarray(place, places[at + 1]!))
  return { pieces, refused }
}

const payloads = fc.array(fc.uint8Array({ minLength: 4, maxLength: 40 }), { maxLength: 6 })
const cuts = fc.array(fc.nat(400), { maxLength: 12 })

describe('wholeFrames', () => {
  it('delivers complete responses in order, however the bytes are cut', () => {
    fc.assert(
      fc.property(payloads, cuts, (all, at) => {
        const bytes = Buffer.concat(all.map(frameOf))
        const { pieces, refused } = heard(bytes, at)
        expect([Buffer.concat(pieces), refused]).toEqual([bytes, []])
        for (const piece of pieces) {
          let end = 0
          while (end < piece.length) end += 4 + piece.readInt32BE(end)
          expect(end).toBe(piece.length)
        }
      }),
    )
  })

  it('does not deliver a truncated response', () => {
    fc.assert(
      fc.property(payloads, fc.uint8Array({ minLength: 4, maxLength: 40 }), fc.nat(), cuts, (all, last, cut, at) => {
        const whole = Buffer.concat(all.map(frameOf))
        const half = frameOf(last).subarray(0, cut % (last.length + 4))
        expect(Buffer.concat(heard(Buffer.concat([whole, half]), at).pieces)).toEqual(whole)
      }),
    )
  })

  it.each([0, 3, -1, -2_147_483_648, 128 * 1024 * 1024 + 1])(
    'refuses a length of %i bytes once, and delivers nothing afterwards',
    (length) => {
      const bytes = Buffer.alloc(4)
      bytes.writeInt32BE(length)
      const good = frameOf(Buffer.from('1234'))
      expect(heard(Buffer.concat([bytes, good, bytes]), [4, 12])).toEqual({
        pieces: [],
        refused: [`a broker does not answer with ${length} bytes`],
      })
    },
  )
})
