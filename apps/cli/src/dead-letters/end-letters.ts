import type { ApiClient } from '#libs/client'
import { EXIT, type DeadLetterSummary, type DeadLetterView } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { reportError } from '../errors.js'
import { findLetter } from './all-services.js'

/** Applies one action to each dead letter in turn; a failure does not stop the others, and its code is the exit code. */
export async function endLetters(
  context: CliContext,
  ids: readonly string[],
  end: (client: ApiClient, letter: DeadLetterView) => Promise<DeadLetterSummary>,
  said: (letter: DeadLetterSummary) => string,
): Promise<number> {
  const { output } = context
  const client = await context.client()
  const ended: DeadLetterSummary[] = []
  let code: number = EXIT.done
  for (const id of ids) {
    try {
      const letter = await end(client, await findLetter(client, id))
      ended.push(letter)
      output.done(said(letter))
    } catch (error) {
      const failed = reportError(error, output, 'dlq')
      if (code === EXIT.done) code = failed
    }
  }
  if (output.mode === 'json') output.data(ended, () => [])
  return code
}
