import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** Who was really called. Filled once the head of the request leaves; empty where no connection came about. */
export interface ConnectionEvidence {
  address?: string
  tlsFingerprint?: string
}

type Leaving = { request: { body?: unknown }; socket: Socket | TLSSocket }

/** Bodies of requests that are watched: undici hands the same object through, and each try has a buffer of its own. */
const watched = new WeakMap<object, ConnectionEvidence>()

/** Published by undici right before the first byte, with the socket that it goes to: a pooled agent tells it nowhere else. */
subscribe('undici:client:sendHeaders', (message) => {
  const { request, socket } = message as Leaving
  const evidence = typeof request.body === 'object' && request.body !== null ? watched.get(request.body) : undefined
  if (evidence === undefined) return
  if (socket.remoteAddress !== undefined) evidence.address = socket.remoteAddress
  const fingerprint = 'getPeerCertificate' in socket ? socket.getPeerCertificate().fingerprint256 : undefined
  if (fingerprint !== undefined) evidence.tlsFingerprint = fingerprint
})

export function watchConnection(body: Buffer): ConnectionEvidence {
  const evidence: ConnectionEvidence = {}
  watched.set(body, evidence)
  return evidence
}
