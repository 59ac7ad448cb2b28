import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'

const IS_SOURCE = import.meta.url.endsWith('.ts')
const FOLDER = new URL(IS_SOURCE ? '../../assets/' : '../../../../../apps/console/assets/', import.meta.url)
/** Folder of the bundles that the build makes for browsers. */
const BUNDLES = new URL(IS_SOURCE ? '../../../../dist/browser/' : '../../../../browser/', import.meta.url)

export interface Asset {
  /** Address with the hash of the asset's text, so that browsers may keep the asset for good. */
  href: string
  path: string
  type: string
  hash: string
  body: Buffer
}

const TYPES: Record<string, string> = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8', svg: 'image/svg+xml' }
const FILES = {
  style: 'console.css',
  script: 'console.js',
  icon: 'icon.svg',
  panes: 'panes.js',
  paneFrame: 'pane-frame.js',
  paneView: 'pane-view.js',
  swaggerStart: 'swagger-start.js',
  docs: 'docs.js',
  consequence: 'consequence.js',
} as const

/** Style sheet, scripts and icon: small files of our own, read once. */
export function readAssets(): Record<keyof typeof FILES, Asset> {
  return Object.fromEntries(Object.entries(FILES).map(([key, name]) => [key, read(name)])) as Record<keyof typeof FILES, Asset>
}

/** Reads a bundle for browsers; `undefined` if there was no build, as for a console that runs from its sources. */
export function readBundle(name: 'bridge.js' | 'pane.js' | 'sign.js' | 'check.js'): Asset | undefined {
  return existsSync(new URL(name, BUNDLES)) ? read(name, BUNDLES) : undefined
}

function read(name: string, folder = FOLDER): Asset {
  const body = readFileSync(new URL(name, folder))
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 16)
  const path = `/console/${name}`
  return { href: `${path}?v=${hash}`, path, type: TYPES[name.split('.').at(-1)!]!, hash, body }
}
