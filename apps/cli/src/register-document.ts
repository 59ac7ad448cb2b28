import { EXIT } from '#libs/contracts'
import type { CliContext } from './context.js'

/** Sends one registration and prints the result: the service's response with --json, a `✓` otherwise, and a line of `remark`. */
export async function registerDocument<T = unknown>(
  context: CliContext,
  path: string,
  body: unknown,
  said: string,
  remark?: (response: T) => string | undefined,
): Promise<number> {
  const client = await context.client()
  const answer = await client.post<T>(path, body)
  if (context.output.mode === 'json') context.output.data(answer ?? body, () => [])
  else context.output.done(said)
  const line = remark?.(answer)
  if (line !== undefined) context.output.note(line)
  return EXIT.done
}
