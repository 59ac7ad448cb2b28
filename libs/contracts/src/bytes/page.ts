import type * as node from './node.js'

const ENCODER = new TextEncoder()
const DECODER = new TextDecoder('utf-8', { ignoreBOM: true })

export const utf8: typeof node.utf8 = (text) => ENCODER.encode(text)

export const textOf: typeof node.textOf = (bytes) => DECODER.decode(bytes)

export const toBase64: typeof node.toBase64 = (bytes) => {
  // In chunks, because engines limit the number of arguments of a call.
  let binary = ''
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
  return btoa(binary)
}

export const fromBase64: typeof node.fromBase64 = (text) => {
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))
  } catch {
    return new Uint8Array()
  }
}

export const toHex: typeof node.toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

export const fromHex: typeof node.fromHex = (text) =>
  Uint8Array.from(text.match(/[0-9a-f]{2}/gi) ?? [], (pair) => Number.parseInt(pair, 16))

export const concatBytes: typeof node.concatBytes = (parts) => {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export const isSameBytes: typeof node.isSameBytes = (one, other) =>
  one.length === other.length && one.every((byte, index) => byte === other[index])
