import { action, HmsError, type Problem } from '#libs/contracts'
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

/** Creates the error for an invalid setting; its next step is the list of all settings. */
export function configInvalid(detail: string, more: { errors?: Problem['errors']; cause?: unknown } = {}): HmsError {
  return new HmsError('HMS_CONFIG_INVALID', detail, { status: 400, next: [action('help.environment')], ...more })
}
