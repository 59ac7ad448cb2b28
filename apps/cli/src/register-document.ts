import { EXIT } from '#libs/contracts'
import type { CliContext } from './context.js'

/** Sends one registration and says so: the service's answer with --json, a `✓` otherwise. */
export async function registerDocument(context: CliContext, path: string, body: unknown, said: string): Promise<number> {
  const client = await context.client()
  const answer = await client.post<unknown>(path, body)
  if (context.output.mode === 'json') context.output.data(answer ?? body, () => [])
  else context.output.done(said)
  return EXIT.done
}
