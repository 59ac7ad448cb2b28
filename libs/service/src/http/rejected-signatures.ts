import { errorCodes, type Metrics } from '#libs/platform'

/** Codes that say: somebody showed a signature, proof or head that does not count. */
const OF_SIGNATURES = /^HMS_(?:AUTH_(?:INVALID|REPLAYED|AUDIENCE|EXPIRED)|SIGNATURE_|HEAD_|PROOF_|APPROVER_SIGN)/

/**
 * Counts refusals by their code: ours are few, and nothing that a client sends is among them. Each begins with 0: `increase` sees nothing
 * of a series that begins with its first event.
 */
export class RejectedSignatures {
  private readonly refused: ReturnType<Metrics['counter']>

  constructor(metrics: Metrics) {
    this.refused = metrics.counter('signature_rejections_total', 'Requests whose signature, proof or head did not count, by code', [
      'reason',
    ])
    for (const reason of errorCodes().filter((code) => OF_SIGNATURES.test(code))) this.refused.inc({ reason }, 0)
  }

  see(code: string): void {
    if (OF_SIGNATURES.test(code)) this.refused.inc({ reason: code })
  }
}
