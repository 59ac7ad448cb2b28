import type { Doc, Library } from '../src/docs/library.js'

interface Site {
  paths: ReadonlySet<string>
  pictures: ReadonlyMap<string, unknown>
}

export function prepareDocs(): Library
export function prepareDoc(name: string, markdown: string, site: Site): Doc
export function resolveLink(path: string, href: string, site: Site): string | undefined
