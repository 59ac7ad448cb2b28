import { errorCodes, type Metrics } from '#libs/platform'

/** Error codes of an invalid signature, proof or head. */
const OF_SIGNATURES = /^HMS_(?:AUTH_(?:INVALID|REPLAYED|AUDIENCE|EXPIRED)|SIGNATURE_|HEAD_|PROOF_|APPROVER_SIGN)/

/**
 * Counts refusals by code, a small fixed set without client input. Each series starts at 0, because `increase` ignores the first sample of
 * a series.
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
