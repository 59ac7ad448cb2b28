import type { NoteKey } from '#libs/signing'

/** Response of the C2SP tlog-witness protocol. */
export interface WitnessResponse {
  status: 200 | 400 | 403 | 404 | 409 | 422
  /** 200: signature lines. 409: size of the witness's newest checkpoint. Otherwise empty. */
  body: string
}

/** Access of the log to a witness, in the log's process or over HTTP. */
export interface WitnessLink {
  /** Key that the roster lists for the witness. Only signatures by this key count. */
  readonly key: NoteKey
  /** Submits a checkpoint, the body of `POST /add-checkpoint`. Rejects if the witness is unreachable or busy, or returns another status. */
  addCheckpoint(text: string): Promise<WitnessResponse>
  /**
   * Returns the newest checkpoint of the log `origin` that the witness signed, with both signatures; `undefined` if there is none. Rejects
   * like `addCheckpoint`. Not part of the protocol: a witness without it can contradict the log, but not prove the contradiction.
   */
  newestCheckpoint?(origin: string): Promise<string | undefined>
}
