import { HmsError } from '#libs/contracts'

/** Returns `undefined` for a 404. Rethrows every other error. */
export async function orMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof HmsError && error.status === 404) return undefined
    throw error
  }
}
