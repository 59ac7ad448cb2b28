/**
 * Finds out about every signature that `check` asks for, where that takes time: a page has WebCrypto, which answers later, and the rules of
 * trust ask at once. `check` may be run several times and must have no effect. Under Node nothing has to be found out.
 */
export type Prove = (check: () => void) => Promise<void>
