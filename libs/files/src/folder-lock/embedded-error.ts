export type EmbeddedErrorCode =
  | 'HMS_DATA_FOLDER_IN_USE'
  | 'HMS_DATABASE_BINARIES_MISSING'
  | 'HMS_DATABASE_FOLDER_UNREACHABLE'
  | 'HMS_DATABASE_PASSWORD_MISSING'
  | 'HMS_DATABASE_PORT_IN_USE'
  | 'HMS_DATABASE_START_FAILED'

/** Failure of the embedded database or of its folder that the user at the terminal can resolve: `next` has the commands. */
export class EmbeddedError extends Error {
  override readonly name = 'EmbeddedError'

  constructor(
    readonly code: EmbeddedErrorCode,
    message: string,
    readonly next: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}
