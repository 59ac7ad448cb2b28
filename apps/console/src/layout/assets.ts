import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'

const IS_SOURCE = import.meta.url.endsWith('.ts')
const FOLDER = new URL(IS_SOURCE ? '../../assets/' : '../../../../../apps/console/assets/', import.meta.url)
/** Where the build puts what it bundles for browsers. */
const BUNDLES = new URL(IS_SOURCE ? '../../../../dist/browser/' : '../../../../browser/', import.meta.url)

export interface Asset {
  /** With the hash of its text, so that it may be kept for good. */
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

/** What the build has bundled for browsers; `undefined` where nothing was built: a console that runs from its sources. */
export function readBundle(name: 'bridge.js' | 'pane.js' | 'sign.js' | 'check.js'): Asset | undefined {
  return existsSync(new URL(name, BUNDLES)) ? read(name, BUNDLES) : undefined
}

function read(name: string, folder = FOLDER): Asset {
  const body = readFileSync(new URL(name, folder))
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 16)
  const path = `/console/${name}`
  return { href: `${path}?v=${hash}`, path, type: TYPES[name.split('.').at(-1)!]!, hash, body }
}
