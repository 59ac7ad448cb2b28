import type { ApiClient } from '#libs/client'
import { EXIT } from '#libs/contracts'
import type { CliContext } from './context.js'
import { reportError } from './errors.js'
import type { Columns } from './output/table.js'

/** Makes the code of a verb that lists the rows of one request. */
export function listing<Row>(
  read: (client: ApiClient) => Promise<readonly Row[]>,
  columns: Columns<Row>,
  whenEmpty: string,
): (context: CliContext) => Promise<void> {
  return async (context) => context.output.list(await read(await context.client()), columns, whenEmpty)
}

/** Sends one registration and prints the result: the service's response with --json, a `✓` otherwise, and a line of `remark`. */
export async function registerDocument<T>(
  context: CliContext,
  body: object,
  send: (client: ApiClient) => Promise<T>,
  said: string,
  remark?: (response: T) => string | undefined,
): Promise<void> {
  const answer = await send(await context.client())
  context.output.result(answer ?? body, [said])
  const line = remark?.(answer)
  if (line !== undefined) context.output.note(line)
}

/**
 * Acts on each id in turn, and prints the results. A failure does not stop the others, and its code is the exit code. `verb`: whose help an
 * error names.
 */
export async function actOnEach<T>(
  { output }: CliContext,
  ids: readonly string[],
  verb: string,
  act: (id: string) => Promise<{ value: T; said: string }>,
): Promise<number> {
  const values: T[] = []
  let code: number = EXIT.done
  for (const id of ids) {
    try {
      const { value, said } = await act(id)
      values.push(value)
      output.done(said)
    } catch (error) {
      const failed = reportError(error, output, verb)
      if (code === EXIT.done) code = failed
    }
  }
  output.result(values, [])
  return code
}
