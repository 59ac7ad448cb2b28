import type { NoteKey } from '#libs/signing'

/** An answer of the C2SP tlog-witness protocol: what HTTP carries. */
export interface WitnessAnswer {
  status: 200 | 400 | 403 | 404 | 409 | 422
  /** 200: signature lines. 409: the size to go on from. Else empty. */
  body: string
}

/** A witness as the log sees it: in its own process, or behind HTTP. */
export interface WitnessLink {
  /** As the roster names it: only its signatures count. */
  readonly key: NoteKey
  /** `text` is the body of `POST /add-checkpoint`. Rejects while the witness cannot be reached, is busy, or answers something else. */
  addCheckpoint(text: string): Promise<WitnessAnswer>
  /**
   * The newest checkpoint of the log `origin` that it signed, with the log's signature and its own; `undefined` when there is none. Rejects
   * like the other. The protocol does not ask for it: without it a witness can contradict the log, and cannot prove it.
   */
  newestCheckpoint?(origin: string): Promise<string | undefined>
}
