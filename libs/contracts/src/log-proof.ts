/** Inclusion of an approval in the witnessed log. */
export interface SharedProof {
  /** The entry's bytes as text. It names the releases of the approval by the root of a tree over them. */
  entry: string
  /** C2SP tlog-proof, checkpoint and its signatures included. */
  proof: string
}

/** Inclusion of a release in the witnessed log. */
export interface LogProof extends SharedProof {
  member: ApprovalMember
}

/** Where a release stands among those of its approval: a path of RFC 6962 to the root that the entry names. */
export interface ApprovalMember {
  index: number
  /** Hashes in base64, from the leaf up; none where the approval is of one release. */
  path: string[]
}

/** An approval that a published checkpoint covers: told once, whatever number of releases it is of. */
export interface LoggedApproval extends SharedProof {
  /** All that the entry is an approval of, in the order of its tree. */
  releases: LoggedRelease[]
}

export interface LoggedRelease {
  policy: string
  version: string
  /** Release digest. */
  digest: string
}
