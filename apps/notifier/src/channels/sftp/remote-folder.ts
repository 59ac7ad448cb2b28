/** Partner's folder on an SFTP server. Names contain no slash. Every method rejects with `SftpFailure`. */
export interface RemoteFolder {
  /** Returns the size in bytes; `undefined` if no file has this name. */
  sizeOf(name: string): Promise<number | undefined>
  /** Reads at most `maxBytes` from the start of a file. */
  read(name: string, maxBytes: number): Promise<Buffer>
  /** Creates a file; fails if the name exists. When it resolves, the bytes are on the server's disk, if the server offers fsync. */
  create(name: string, bytes: Buffer): Promise<void>
  /** Renames atomically: readers see the old or the new bytes. Fails on a server that cannot replace a name atomically. */
  replace(from: string, to: string): Promise<void>
  remove(name: string): Promise<void>
  list(limit: number): Promise<string[]>
}

/**
 * Reason of an SFTP failure. `missing`, `denied`, `failed`: status of one step; the connection continues. `late` (a step took too long) and
 * `lost` (the connection ended) end the session. `untrusted`: another host key than the registered one. `login`: our key was refused.
 */
export type SftpFailureReason = 'missing' | 'denied' | 'failed' | 'late' | 'lost' | 'untrusted' | 'login'

export class SftpFailure extends Error {
  constructor(
    readonly reason: SftpFailureReason,
    message: string,
  ) {
    super(message)
  }
}
