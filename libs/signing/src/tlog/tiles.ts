/** Tile of C2SP tlog-tiles: up to 256 hashes of one level of the tree, or entries. Partial if `width` is below 256. */
export interface Tile {
  level: number | 'entries'
  index: number
  width: number
}

export const TILE_WIDTH = 256
/** Tree levels per level of tiles: 2^8 = 256. */
export const TILE_HEIGHT = 8

/** Returns the path after `/tile/`: `3/x001/x234/067`, or `0/003.p/17` for a partial tile. */
export function tilePath({ level, index, width }: Tile): string {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, '0')
  const groups = digits.match(/.{3}/g)!
  const path = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/')
  return `${level}/${path}${width === TILE_WIDTH ? '' : `.p/${width}`}`
}

/** Parses a path after `/tile/`; `undefined` if it is not the canonical path of a tile. */
export function readTilePath(path: string): Tile | undefined {
  const [, level, groups, width] = /^(entries|[0-9]|[1-5][0-9])\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(path) ?? []
  if (level === undefined || groups === undefined) return undefined
  const tile: Tile = {
    level: level === 'entries' ? level : Number(level),
    index: Number(groups.replaceAll(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  }
  return Number.isSafeInteger(tile.index) && tilePath(tile) === path ? tile : undefined
}

/** Returns the number of hashes or entries in the tile at (`level`, `index`) for a tree of `size`: 0 to 256. */
export function tileWidth(level: number | 'entries', index: number, size: number): number {
  const hashes = Math.floor(size / TILE_WIDTH ** (level === 'entries' ? 0 : level))
  return Math.min(Math.max(hashes - index * TILE_WIDTH, 0), TILE_WIDTH)
}

/** Encodes an entry bundle: each entry after its length, 2 bytes big-endian. */
export function entryBundle(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    entries.flatMap((entry) => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(entry.length)
      return [length, entry]
    }),
  )
}

export function readEntryBundle(bytes: Buffer): Buffer[] {
  const entries: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const length = at + 2 <= bytes.length ? bytes.readUInt16BE(at) : 0
    const entry = bytes.subarray(at + 2, at + 2 + length)
    if (at + 2 + length > bytes.length) throw new RangeError('the entry bundle is truncated')
    entries.push(entry)
    at += 2 + length
  }
  return entries
}
