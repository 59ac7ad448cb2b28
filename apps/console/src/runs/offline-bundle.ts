import { HmsError, offlineBundle, type PastPolicyView } from '#libs/contracts'
import type { FastifyInstance } from 'fastify'
import type { IncomingHttpHeaders } from 'node:http'
import { sendFile } from '../layout/page-headers.js'
import type { Read } from '../reading/answer.js'

export function bundlePath(id: string, version: string): string {
  return `/policies/${encodeURIComponent(id)}/bundle?version=${encodeURIComponent(version)}`
}

/** Serves the file for `hms-svc verify` of a version once in force for all. `readAs` reads texts exactly as sent: a proof is its bytes. */
export function addOfflineBundles(server: FastifyInstance, readAs: (headers: IncomingHttpHeaders) => Read): void {
  server.get('/policies/:id/bundle', { config: { page: true } }, async ({ headers, params, url }, reply) => {
    const { id } = params as { id: string }
    const version = new URLSearchParams(url.split('?')[1] ?? '').get('version') ?? ''
    const answer = await readAs(headers)<PastPolicyView>(`/v1/policies/${encodeURIComponent(id)}?version=${encodeURIComponent(version)}`)
    if (answer.kind === 'denied') throw new HmsError('HMS_AUTH_REQUIRED', answer.detail, { status: 401 })
    if (answer.kind === 'away') throw new HmsError('HMS_UNREACHABLE', `The policy cannot be read: ${answer.detail}.`, { status: 503 })
    const { record, provenance } = answer.kind === 'loaded' ? answer.value : {}
    const { release = null, proof = null } = (record?.digest === provenance?.digest ? record : record?.next) ?? {}
    if (record === undefined || release === null || proof === null)
      throw new HmsError('HMS_POLICY_NOT_FOUND', 'No such version was in force with a proof in the log.', { status: 404 })
    const text = offlineBundle({ head: record.head, release, proof })
    return sendFile(reply, `${encodeURIComponent(`${id}@${version}`)}.bundle`, { type: 'application/json', text })
  })
}
