import type { NoteKey } from '#libs/signing'

/** Response of the C2SP tlog-witness protocol. */
export interface WitnessAnswer {
  status: 200 | 400 | 403 | 404 | 409 | 422
  /** 200: signature lines. 409: the witness's size. Otherwise empty. */
  body: string
}

/** Witness as the log sees it: in its own process, or over HTTP. */
export interface WitnessLink {
  /** Key as in the roster: only its signatures count. */
  readonly key: NoteKey
  /** `text` is the body of `POST /add-checkpoint`. Rejects while the witness cannot be reached, is busy, or responds otherwise. */
  addCheckpoint(text: string): Promise<WitnessAnswer>
  /**
   * Returns the newest checkpoint of the log `origin` that it signed, with the log's signature and its own; `undefined` if there is none.
   * Rejects like `addCheckpoint`. Not part of the protocol: without it a witness can contradict the log, but not prove it.
   */
  newestCheckpoint?(origin: string): Promise<string | undefined>
}
