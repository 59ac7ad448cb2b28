/** Inclusion of an approval in the witnessed log. */
export interface SharedProof {
  /** Bytes of the entry as text. It names the releases of the approval by the root of a tree over them. */
  entry: string
  /** C2SP tlog-proof, including the checkpoint and its signatures. */
  proof: string
}

/** Inclusion of a release in the witnessed log. */
export interface LogProof extends SharedProof {
  member: ApprovalMember
}

/** Position of a release among those of its approval: a path of RFC 6962 to the root in the entry. */
export interface ApprovalMember {
  index: number
  /** Hashes in base64, from the leaf up; empty if the approval has one release. */
  path: string[]
}

/** An approval covered by a published checkpoint; published once for all its releases. */
export interface LoggedApproval extends SharedProof {
  /** All releases of the approval, in the order of its tree. */
  releases: LoggedRelease[]
}

export interface LoggedRelease {
  policy: string
  version: string
  /** Release digest. */
  digest: string
}
