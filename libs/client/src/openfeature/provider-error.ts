import type { ErrorCode } from '@openfeature/server-sdk'

/**
 * What the SDK reads of an error is its `code`. Its own classes would be an import at run time, and an app that has not installed the SDK
 * could not load this module.
 */
export class ProviderError extends Error {
  readonly code: ErrorCode

  constructor(code: `${ErrorCode}`, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ProviderError'
    // The members of the SDK's enum are these texts.
    this.code = code as ErrorCode
  }
}
