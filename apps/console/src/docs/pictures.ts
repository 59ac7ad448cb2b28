import { docsFile, docsPictures } from '#libs/platform'
import type { FastifyInstance } from 'fastify'
import { createHash } from 'node:crypto'

/** A drawing of the documents, served from the origin of the page. */
export interface Picture {
  href: string
  path: string
  width: number
  height: number
  svg: string
  /** Allows the drawing its own style, and nothing else. */
  policy: string
}

const BASE = '/console/pictures'

/** The drawings by their path below `docs`. They belong to the program and do not change while it runs. */
export function readPictures(): ReadonlyMap<string, Picture> {
  pictures ??= new Map(docsPictures().map((name) => [`pictures/${name}`, readPicture(name)]))
  return pictures
}

let pictures: Map<string, Picture> | undefined

function readPicture(name: string): Picture {
  const svg = docsFile(`pictures/${name}`)
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? []
  const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(svg) ?? []
  const path = `${BASE}/${name}`
  return {
    href: `${path}?v=${hashOf(svg, 'hex').slice(0, 16)}`,
    path,
    width: Number(width),
    height: Number(height),
    svg,
    policy: `default-src 'none'; style-src 'sha256-${hashOf(style, 'base64')}'; frame-ancestors 'none'`,
  }
}

function hashOf(text: string, encoding: 'hex' | 'base64'): string {
  return createHash('sha256').update(text).digest(encoding)
}

export function servePictures(server: FastifyInstance): void {
  for (const { path, svg, policy } of readPictures().values()) {
    const headers = { 'cache-control': 'public, max-age=86400', 'x-content-type-options': 'nosniff', 'content-security-policy': policy }
    server.get(path, { config: { page: true } }, async (_request, reply) => reply.type('image/svg+xml').headers(headers).send(svg))
  }
}
