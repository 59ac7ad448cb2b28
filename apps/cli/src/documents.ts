import type { ApiClient } from '#libs/client'
import { EXIT } from '#libs/contracts'
import type { CliContext } from './context.js'
import { reportError } from './errors.js'
import type { Columns } from './output/table.js'

/** Returns the code of a verb that lists the rows of one response. */
export function listing<Row>(
  read: (client: ApiClient) => Promise<readonly Row[]>,
  columns: Columns<Row>,
  whenEmpty: string,
): (context: CliContext) => Promise<void> {
  return async (context) => context.output.list(await read(await context.client()), columns, whenEmpty)
}

/** Runs `act` for each id in turn; returns the exit code of the first failure. `verb`: verb whose help an error suggests. */
export async function actOnEach<T>(
  { output }: CliContext,
  ids: readonly string[],
  verb: string,
  act: (id: string) => Promise<{ value: T; message: string }>,
): Promise<number> {
  const values: T[] = []
  let code: number = EXIT.done
  for (const id of ids) {
    try {
      const { value, message } = await act(id)
      values.push(value)
      output.success(message)
    } catch (error) {
      const failed = reportError(error, output, verb)
      if (code === EXIT.done) code = failed
    }
  }
  output.result(values, [])
  return code
}
