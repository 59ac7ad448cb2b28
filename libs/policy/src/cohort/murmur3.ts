/** Computes MurmurHash3 x86 32-bit (Appleby, public domain), unsigned. Strings as UTF-8, so that other languages get equal buckets. */
export function murmur3_32(input: Uint8Array | string, seed = 0): number {
  const bytes = typeof input === 'string' ? new TextEncoder().encode(input) : input
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const blocksEnd = bytes.length & ~3
  let hash = seed | 0
  for (let at = 0; at < blocksEnd; at += 4) {
    hash ^= mixBlock(view.getUint32(at, true))
    hash = (Math.imul(rotateLeft(hash, 13), 5) + 0xe6546b64) | 0
  }
  let tail = 0
  for (let at = bytes.length - 1; at >= blocksEnd; at--) tail = (tail << 8) | view.getUint8(at)
  return finalMix(hash ^ mixBlock(tail) ^ bytes.length)
}

function mixBlock(block: number): number {
  return Math.imul(rotateLeft(Math.imul(block, 0xcc9e2d51), 15), 0x1b873593)
}

function finalMix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function rotateLeft(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by))
}
