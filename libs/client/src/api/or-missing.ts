import { HmsError } from '#libs/contracts'

/** `undefined` for what is not there (404). Every other error goes on. */
export async function orMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof HmsError && error.status === 404) return undefined
    throw error
  }
}
