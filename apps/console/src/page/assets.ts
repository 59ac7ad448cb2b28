import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

const FOLDER = new URL(import.meta.url.endsWith('.ts') ? '../../assets/' : '../../../../../apps/console/assets/', import.meta.url)

export interface Asset {
  /** With the hash of its text, so that it may be kept for good. */
  href: string
  path: string
  type: string
  hash: string
  body: Buffer
}

/** Style sheet, script and icon: small files of our own, read once. */
export function readAssets(): Record<'style' | 'script' | 'icon', Asset> {
  return {
    style: read('console.css', 'text/css; charset=utf-8'),
    script: read('console.js', 'text/javascript; charset=utf-8'),
    icon: read('icon.svg', 'image/svg+xml'),
  }
}

function read(name: string, type: string): Asset {
  const body = readFileSync(new URL(name, FOLDER))
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 16)
  const path = `/console/${name}`
  return { href: `${path}?v=${hash}`, path, type, hash, body }
}
