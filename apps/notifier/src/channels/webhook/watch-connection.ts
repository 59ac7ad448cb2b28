import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'

/** Peer of the actual connection. Filled once the request headers are sent; empty if no connection was established. */
export interface ConnectionEvidence {
  address?: string
  tlsFingerprint?: string
}

type Leaving = { request: { body?: unknown }; socket: Socket | TLSSocket }

/** Bodies of watched requests: undici passes the same object through, and each attempt has a buffer of its own. */
const watched = new WeakMap<object, ConnectionEvidence>()

/** Published by undici right before the first byte, with the request's socket; a pooled agent exposes the socket nowhere else. */
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
