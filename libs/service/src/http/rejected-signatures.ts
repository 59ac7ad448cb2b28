import type { Metrics } from '#libs/platform'

/** Codes that say: somebody showed a signature, proof or head that does not count. */
const OF_SIGNATURES = /^HMS_(?:AUTH_(?:INVALID|REPLAYED|AUDIENCE|EXPIRED)|SIGNATURE_|HEAD_|PROOF_|APPROVER_SIGN)/

/** Counts refusals by their code: ours are few, and nothing that a client sends is among them. Declared before the first one. */
export class RejectedSignatures {
  private readonly refused: ReturnType<Metrics['counter']>

  constructor(metrics: Metrics) {
    this.refused = metrics.counter('signature_rejections_total', 'Requests whose signature, proof or head did not count, by code', [
      'reason',
    ])
  }

  see(code: string): void {
    if (OF_SIGNATURES.test(code)) this.refused.inc({ reason: code })
  }
}
