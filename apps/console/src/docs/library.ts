import type { FastifyInstance } from 'fastify'
import { existsSync, readFileSync } from 'node:fs'

/** Groups of documents, in the order of the sidebar. */
export const KINDS = ['Tutorials', 'How-to', 'Reference', 'Explanation', 'Decisions'] as const
export type Kind = (typeof KINDS)[number]

/** Part of a document under one heading: what a search finds. */
export interface Section {
  /** Fragment of the heading's address; empty for what precedes the first heading. */
  id: string
  heading: string
  text: string
}

export interface Doc {
  /** Path below `/docs/`, without the file extension. */
  path: string
  title: string
  kind: Kind
  /** First sentences; empty where a document begins with something else. */
  lead: string
  /** Document that follows in reading order. */
  next: { path: string; title: string } | null
  /** Rendered from the Markdown of this package; raw HTML is dropped. */
  html: string
  contents: { id: string; heading: string }[]
  sections: Section[]
}

/** Drawing of a document, served from the origin of the page. */
export interface Picture {
  /** File below `docs`. */
  name: string
  /** Address, with the hash of the file. */
  href: string
  svg: string
  /** Content-Security-Policy: allows the drawing's own style, and nothing else. */
  policy: string
}

export interface Library {
  docs: Doc[]
  pictures: Picture[]
}

/** File that the build writes. Sources have none: their documents are rendered when first read. */
const PREPARED = new URL('../../docs.json', import.meta.url)

/** Returns the documents of this version by their path. They do not change while the program runs: read once, when first needed. */
export async function readLibrary(): Promise<ReadonlyMap<string, Doc>> {
  const { docs } = await readPrepared()
  byPath ??= new Map(docs.map((doc) => [doc.path, doc]))
  return byPath
}

let byPath: Map<string, Doc> | undefined

async function readPrepared(): Promise<Library> {
  prepared ??= existsSync(PREPARED)
    ? Promise.resolve(JSON.parse(readFileSync(PREPARED, 'utf8')) as Library)
    : import('../../bin/prepare-docs.mjs').then(({ prepareDocs }) => prepareDocs())
  return prepared
}

let prepared: Promise<Library> | undefined

/** Adds `GET /console/pictures/NAME`, and `GET /console/pictures/FOLDER/NAME` of a picture beside its document. */
export function servePictures(server: FastifyInstance): void {
  server.get('/console/pictures/*', { config: { page: true } }, async ({ url }, reply) => {
    const picture = (await readPrepared()).pictures.find(({ href }) => href.split('?')[0] === url.split('?')[0])
    if (picture === undefined) return reply.callNotFound()
    return reply
      .type('image/svg+xml')
      .headers({ 'cache-control': 'public, max-age=86400', 'x-content-type-options': 'nosniff', 'content-security-policy': picture.policy })
      .send(picture.svg)
  })
}
