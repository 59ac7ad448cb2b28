import type { FastifyInstance } from 'fastify'
import { existsSync, readFileSync } from 'node:fs'

/** Kinds of documents, in the order of the list of documents. */
export const KINDS = ['Tutorials', 'How to', 'Reference', 'Explanation', 'Decisions'] as const
export type Kind = (typeof KINDS)[number]

/** Part of a document under one heading: what a search finds. */
export interface Section {
  /** Fragment of the heading's address; empty for what precedes the first heading. */
  id: string
  heading: string
  text: string
}

export interface Doc {
  /** Below `/docs/`, without the ending. */
  path: string
  title: string
  kind: Kind
  /** Rendered from the Markdown of this package; raw HTML is dropped. */
  html: string
  contents: { id: string; heading: string }[]
  sections: Section[]
}

/** Drawing of a document, served from the origin of the page. */
export interface Picture {
  /** File below `docs`. */
  name: string
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

/** Adds `GET /console/pictures/NAME`. */
export function servePictures(server: FastifyInstance): void {
  server.get<{ Params: { name: string } }>('/console/pictures/:name', { config: { page: true } }, async ({ params }, reply) => {
    const picture = (await readPrepared()).pictures.find(({ name }) => name === `pictures/${params.name}`)
    if (picture === undefined) return reply.callNotFound()
    return reply
      .type('image/svg+xml')
      .headers({ 'cache-control': 'public, max-age=86400', 'x-content-type-options': 'nosniff', 'content-security-policy': picture.policy })
      .send(picture.svg)
  })
}
