import { request as requestHttp, type Agent, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { readText, type HmsError } from '#libs/contracts'
import { errorOfResponse } from '../../api/problem-to-error.js'
import { MAX_REFUSAL_BYTES } from './transport.js'

/** Sends a GET whose socket does not keep the process alive, which `fetch` cannot do. Redirects are not followed. */
export function httpGet(address: URL, headers: Record<string, string>, agent: Agent | false): ClientRequest {
  const call = (address.protocol === 'https:' ? requestHttps : requestHttp)(address, { headers, agent })
  call.on('socket', (socket) => socket.unref())
  call.end()
  return call
}

export async function readRefusal(url: string, response: IncomingMessage): Promise<HmsError> {
  // Truncated or endless body: only the status is used.
  const body = await readText(response, MAX_REFUSAL_BYTES).catch(() => '')
  return errorOfResponse(url, response.statusCode ?? 0, response.headers['content-type'] ?? null, body)
}
