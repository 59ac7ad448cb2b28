import { action, HmsError, type Problem } from '#libs/contracts'
import { describeError } from './failures.js'
import { readShape, type Shape } from './read-shape.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** Returns the process's environment; only this file and `*.config.ts` access it. */
export function processEnvironment(): Environment {
  return process.env
}

/** Parses variables (`names`, by property); empty ones count as unset. Throws one `HMS_CONFIG_INVALID` that names every wrong one. */
export function parseEnvironment<T extends object>(shape: Shape<T>, names: Record<string, string>, env: Environment): T {
  const raw: Record<string, string> = {}
  for (const [property, variable] of Object.entries(names)) {
    const value = env[variable]
    if (value !== undefined && value !== '') raw[property] = value
  }
  const { value: config, errors: found } = readShape(shape, raw)
  if (found.length > 0) {
    const errors = found.map(({ pointer, detail }) => {
      const property = pointer.slice(1)
      const variable = names[property] ?? property
      return { pointer: variable, detail: detail.replaceAll(property, variable) }
    })
    throw configInvalid(errors.map((error) => error.detail).join('. '), { errors })
  }
  return Object.freeze(config)
}

/** Creates the error for a missing or invalid setting: status 400, with the list of all settings as the next step. */
export function configInvalid(
  detail: string,
  { code = 'HMS_CONFIG_INVALID', ...more }: { code?: string; errors?: Problem['errors']; cause?: unknown } = {},
): HmsError {
  return new HmsError(code, detail, { status: 400, next: [action('help.environment')], ...more })
}

/** Returns the values of all readers of settings. If several throw, throws one error that names every wrong setting. */
export async function readSettings<T extends readonly (() => unknown)[]>(
  readers: readonly [...T],
): Promise<{ [K in keyof T]: Awaited<ReturnType<T[K]>> }> {
  const results = await Promise.allSettled(readers.map(async (read) => read()))
  const reasons: unknown[] = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  const found = [...new Map(reasons.map((reason) => [describeError(reason), reason])).values()]
  if (found.length === 0) return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as never
  const errors = found.filter((reason) => reason instanceof HmsError)
  if (found.length === 1 || errors.length < found.length) throw found[0]
  const { code, status } = errors.find((error) => error.code === 'HMS_CONFIG_INVALID') ?? errors[0]!
  const next = new Map(errors.flatMap(({ steps }) => steps.map((step) => [step.command, step]))).values()
  const detail = errors.map((error) => error.detail.replace(/\.$/, '')).join('. ')
  throw new HmsError(code, `${detail}.`, { status, next: [...next], errors: errors.flatMap((error) => error.errors) })
}
