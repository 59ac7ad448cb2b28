import type { ErrorCode } from '@openfeature/server-sdk'

/** Error with the `code` that the SDK reads. Importing the SDK's own classes at run time would break apps that have not installed it. */
export class ProviderError extends Error {
  readonly code: ErrorCode

  constructor(code: `${ErrorCode}`, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ProviderError'
    // The members of the SDK's enum are these strings.
    this.code = code as ErrorCode
  }
}
