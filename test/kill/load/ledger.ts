/** An approval that the API acknowledged: its run has a number, and must end. */
export interface AcknowledgedApproval {
  digest: string
  run: number
  policies: { id: string; version: string }[]
}

/** What the harness knows from answers alone. An oracle compares it with the database: what was acknowledged must be there. */
export class Ledger {
  readonly approvals: AcknowledgedApproval[] = []
  /** Rollbacks by policy and number of their head. */
  readonly rollbacks: { policy: string; version: string; seq: number }[] = []
  /** Decisions about paused runs that counted. */
  decisions = 0
  /** Digests that were sent in and never answered: either way is right, twice is not. */
  readonly unanswered: string[] = []
  /** Calls that got no answer, or one that says to come again, and came again. */
  repeated = 0
  /** Answers that said no, by code. */
  readonly refusals = new Map<string, number>()

  refused(code: string): void {
    this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1)
  }
}
