/** Error that refuses a bundle. `code` is stable; `detail` is a sentence. */
export class BundleRefused extends Error {
  override readonly name = 'BundleRefused'

  constructor(
    readonly code:
      | 'HMS_VERIFY_BUNDLE'
      | 'HMS_VERIFY_ROSTER'
      | 'HMS_VERIFY_SIGNATURE'
      | 'HMS_VERIFY_RELEASE'
      | 'HMS_VERIFY_HEAD'
      | 'HMS_VERIFY_PROOF',
    readonly detail: string,
  ) {
    super(`${code}: ${detail}`)
  }
}

export function releaseRefused(why: string): BundleRefused {
  return new BundleRefused('HMS_VERIFY_RELEASE', `the release is refused: ${why}`)
}
