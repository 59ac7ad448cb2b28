import { readFileSync } from 'node:fs'

/** Version of the installed package, read from the nearest package.json above, which is the same for sources and for `dist`. */
export const VERSION = readVersion()

function readVersion(): string {
  for (let folder = new URL('./', import.meta.url); folder.pathname !== '/'; folder = new URL('../', folder)) {
    try {
      const manifest = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as { name?: string; version: string }
      if (manifest.name === 'hms-svc') return manifest.version
    } catch {
      // Not in this folder.
    }
  }
  return '0.0.0'
}
