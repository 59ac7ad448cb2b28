/**
 * Verifies in advance every signature that `check` needs: WebCrypto in a page is asynchronous, the verification code is synchronous.
 * `check` may run several times and must have no side effects. Under Node this is a no-op.
 */
export type Prove = (check: () => void) => Promise<void>
