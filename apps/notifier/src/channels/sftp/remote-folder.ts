/**
 * The folder of a partner on an SFTP server, as far as dropping files needs it. Names hold no slash. Every method rejects with
 * `SftpFailure`.
 */
export interface RemoteFolder {
  /** In bytes; `undefined` where nothing has this name. */
  sizeOf(name: string): Promise<number | undefined>
  /** From the start, at most `maxBytes`. */
  read(name: string, maxBytes: number): Promise<Buffer>
  /** Fails where something has the name. When it resolves the bytes are on the server's disk, if the server offers to say so. */
  create(name: string, bytes: Buffer): Promise<void>
  /** In one step, so that a reader sees the old bytes or the new ones. A server that cannot do so over an existing name refuses. */
  replace(from: string, to: string): Promise<void>
  remove(name: string): Promise<void>
  /** Names of the folder, the first `limit` at most. */
  list(limit: number): Promise<string[]>
}

/**
 * - `missing`, `denied`, `failed`: what the server answered to one step; the connection goes on.
 * - `late`: a step took too long. `lost`: the connection ended. Nothing goes on.
 * - `untrusted`: the server showed another host key than the registered one. `login`: it refused our key.
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
