import { HmsError, jsonIn } from '#libs/contracts'
import { BODY_BOUNDS, exceededLimit, refusalOfEncoding } from '#libs/platform'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isUtf8 } from 'node:buffer'

/** Complete response. Without `body`, the response has no body and no content type. */
export interface SidecarResponse {
  status?: number
  type?: string
  body?: string
  headers?: Record<string, string>
}

/** Sends a response; Node omits the body for a HEAD request. */
export function send(
  response: ServerResponse,
  { status = 200, type = 'application/json; charset=utf-8', body, headers = {} }: SidecarResponse,
): void {
  if (response.headersSent) return void response.destroy()
  const described = body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) }
  response.writeHead(status, { ...headers, ...described }).end(body)
}

/** Reads the request body as JSON. The services have the same limits and refusals (400, 413, 415). */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw new HmsError('HMS_HTTP_MEDIA_TYPE', 'The body must be application/json.', { status: 415 })
  const refused = refusalOfEncoding(request)
  if (refused !== undefined) throw refused
  const body = await bytesOf(request)
  if (!isUtf8(body)) throw invalid('The body is not UTF-8.')
  const broken = exceededLimit(body, BODY_BOUNDS)
  if (broken !== undefined) throw tooLarge(broken)
  const value = jsonIn(body.toString())
  if (value === undefined) throw invalid('The body is not valid JSON.')
  return value
}

/** Reads the body. Bytes beyond the limit are dropped until a timeout: closing would reset the connection before the response. */
function bytesOf(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let size = 0
    request.on('data', (part: Buffer) => {
      size += part.length
      if (size <= BODY_BOUNDS.bytes) return void parts.push(part)
      parts.length = 0
      reject(tooLarge(`it has more than ${BODY_BOUNDS.bytes} bytes`))
    })
    request.once('end', () => resolve(Buffer.concat(parts)))
    request.once('close', () => reject(invalid('The body is incomplete.')))
  })
}

function invalid(detail: string): HmsError {
  return new HmsError('HMS_HTTP_BODY_INVALID', detail, { status: 400 })
}

function tooLarge(broken: string): HmsError {
  return new HmsError('HMS_HTTP_BODY_TOO_LARGE', `The body exceeds the limit of this route: ${broken}.`, { status: 413 })
}
