import type { FastifyInstance } from 'fastify'
import { docsFile } from './docs-file.js'

/** Returns the entry of `docs/errors.md` for a code, the page that a problem's `type` refers to; `undefined` for an unknown code. */
export function errorPage(code: string): string | undefined {
  if (!/^HMS_[A-Z0-9_]{1,80}$/.test(code)) return undefined
  rows ??= readRows()
  const row = rows.get(code)
  return row === undefined ? undefined : `${code}\n\n${row}\n`
}

export function errorCodes(): string[] {
  rows ??= readRows()
  return [...rows.keys()]
}

/** Adds `GET /docs/errors/CODE`, on every server that may respond with a problem. */
export function addErrorPages(server: FastifyInstance): void {
  server.get<{ Params: { code: string } }>('/docs/errors/:code', async ({ params }, reply) => {
    const page = errorPage(params.code)
    return reply
      .status(page === undefined ? 404 : 200)
      .type('text/plain; charset=utf-8')
      .send(page ?? noErrorPage(params.code))
  })
}

export function noErrorPage(code: string): string {
  return `${code} is no code of HMS-SVC\n`
}

let rows: Map<string, string> | undefined

/** Reads the list items of `docs/errors.md`: "- `CODE`, `CODE` (status): meaning → next step". */
function readRows(): Map<string, string> {
  const text = docsFile('errors.md')
  const found = [...text.matchAll(/^- ((?:`HMS_[A-Z0-9_]+`(?:, )?)+) (.*)$/gm)] // guard: pages-of-codes
  return new Map(found.flatMap(([, codes, row]) => [...codes!.matchAll(/HMS_\w+/g)].map(([code]) => [code, row!.replaceAll('`', '')])))
}
