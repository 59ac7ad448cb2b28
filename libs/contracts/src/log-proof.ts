/** Inclusion of an approval in the witnessed log. */
export interface LogProof {
  /** The entry's bytes as text. */
  entry: string
  /** C2SP tlog-proof, checkpoint and its signatures included. */
  proof: string
}

/** A release whose approval a published checkpoint covers. */
export interface LoggedProof {
  policy: string
  version: string
  /** Release digest. */
  digest: string
  proof: LogProof
}
