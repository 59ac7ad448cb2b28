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
  /**
   * Submits a checkpoint; `text` is the body of `POST /add-checkpoint`. Rejects if the witness cannot be reached, is busy, or returns
   * another status.
   */
  addCheckpoint(text: string): Promise<WitnessResponse>
  /**
   * Returns the newest checkpoint of the log `origin` that the witness signed, with the signatures of log and witness; `undefined` if there
   * is none. Rejects like `addCheckpoint`. Not part of the protocol: a witness without this method can contradict the log, but
   * cannot prove the contradiction.
   */
  newestCheckpoint?(origin: string): Promise<string | undefined>
}
