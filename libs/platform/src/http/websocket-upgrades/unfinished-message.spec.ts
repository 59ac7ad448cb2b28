import { beforeEach, describe, expect, it } from 'vitest'
import { UnfinishedMessage } from './unfinished-message.js'

const [TEXT, CONTINUED, PING, PONG] = [0x01, 0x00, 0x09, 0x0a]

/** A masked frame with `length` bytes of payload; `final` is its FIN bit. */
function frameOf(opcode: number, length: number, final = true): Buffer {
  const size = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([(final ? 0x80 : 0) | opcode, ...size, 1, 2, 3, 4]), Buffer.alloc(length)])
}

describe('UnfinishedMessage', () => {
  let nowMs: number
  let message: UnfinishedMessage
  beforeEach(() => {
    nowMs = 0
    message = new UnfinishedMessage(() => nowMs)
  })
  const take = (...frames: Buffer[]): number => {
    for (const frame of frames) message.take(frame)
    return message.bytes
  }

  it('has no bytes of complete messages', () => {
    expect(take(frameOf(TEXT, 100), frameOf(TEXT, 60, false), frameOf(CONTINUED, 200))).toBe(0)
    expect([message.frameMs, message.messageMs]).toEqual([undefined, undefined])
  })

  it.each([PING, PONG])('has no bytes of complete control frames (%i)', (opcode) => {
    expect(take(frameOf(opcode, 125), frameOf(opcode, 0), frameOf(opcode, 7))).toBe(0)
    expect(take(frameOf(opcode, 125).subarray(0, -1))).toBe(124)
  })

  it('keeps the bytes and the age of a message through a control frame between its fragments', () => {
    expect(take(frameOf(TEXT, 60, false))).toBe(60)
    nowMs = 5
    expect(take(frameOf(PING, 125), frameOf(PONG, 3))).toBe(60)
    expect(message.messageMs).toBe(5)
    expect(take(frameOf(CONTINUED, 300, false))).toBe(360)
    expect(take(frameOf(CONTINUED, 1))).toBe(0)
  })

  it('counts the same whatever the chunks', () => {
    const bytes = Buffer.concat([frameOf(TEXT, 200, false), frameOf(PING, 9), frameOf(CONTINUED, 5, false)])
    expect(take(...Array.from(bytes, (byte) => Buffer.from([byte])))).toBe(205)
  })
})
