import type { ApiClient } from '#libs/client'
import { EXIT } from '#libs/contracts'
import type { CliContext } from './context.js'

/** Sends one registration and prints the result: the service's response with --json, a `✓` otherwise, and a line of `remark`. */
export async function registerDocument<T>(
  context: CliContext,
  body: object,
  send: (client: ApiClient) => Promise<T>,
  said: string,
  remark?: (response: T) => string | undefined,
): Promise<number> {
  const answer = await send(await context.client())
  if (context.output.mode === 'json') context.output.data(answer ?? body, () => [])
  else context.output.done(said)
  const line = remark?.(answer)
  if (line !== undefined) context.output.note(line)
  return EXIT.done
}
