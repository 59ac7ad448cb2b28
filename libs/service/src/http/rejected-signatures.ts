import type { Metrics } from '#libs/platform'

/** Codes that say: somebody showed a signature, proof or head that does not count. */
const OF_SIGNATURES = /^HMS_(?:AUTH_(?:INVALID|REPLAYED|AUDIENCE|EXPIRED)|SIGNATURE_|HEAD_|PROOF_|APPROVER_SIGN)/

/** Counts refusals by their code: ours are few, and nothing that a client sends is among them. */
export function countRejectedSignature(metrics: Metrics | undefined, code: string): void {
  if (metrics === undefined || !OF_SIGNATURES.test(code)) return
  metrics
    .counter('signature_rejections_total', 'Requests whose signature, proof or head did not count, by code', ['reason'])
    .inc({ reason: code })
}
