import type { FastifyReply } from 'fastify'

/** No inline script or style, nothing from other origins, and no frame around the page. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // Not `no-referrer`: with it browsers send forms as from nowhere (`Origin: null`), and a server that looks at the origin refuses them.
  'referrer-policy': 'same-origin',
  // A page depends on who asks, and when.
  'cache-control': 'no-store',
  vary: 'accept, authorization',
}

export function sendPage(reply: FastifyReply, { status, html }: { status: number; html: string }): FastifyReply {
  return reply.status(status).headers(PAGE_HEADERS).type('text/html; charset=utf-8').send(html)
}

/** Sends a file to save, made for this caller. */
export function sendFile(reply: FastifyReply, name: string, { type, text }: { type: string; text: string }): FastifyReply {
  const headers = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' }
  return reply
    .headers({ 'content-disposition': `attachment; filename="${name}"`, ...headers })
    .type(`${type}; charset=utf-8`)
    .send(text)
}
