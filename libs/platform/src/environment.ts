import 'reflect-metadata'
import { HmsError } from '#libs/contracts'
import { plainToInstance } from 'class-transformer'
import { validateSync } from 'class-validator'

export type Environment = Readonly<Record<string, string | undefined>>

/** The process's environment: the only place besides `*.config.ts` that may look. */
export function processEnvironment(): Environment {
  return process.env
}

/**
 * Parses the environment once into a typed object. `names` maps properties to variables; empty strings count as unset.
 * Throws one `HMS_CONFIG_INVALID` that names every wrong variable.
 */
export function parseEnvironment<T extends object>(shape: new () => T, names: Record<string, string>, env: Environment): T {
  const raw: Record<string, string> = {}
  for (const [property, variable] of Object.entries(names)) {
    const value = env[variable]
    if (value !== undefined && value !== '') raw[property] = value
  }
  const config = plainToInstance(shape, raw, { enableImplicitConversion: false, exposeDefaultValues: true })
  const problems = validateSync(config, { skipMissingProperties: false })
  if (problems.length > 0) {
    const errors = problems.map((problem) => ({
      pointer: names[problem.property] ?? problem.property,
      detail: Object.values(problem.constraints ?? {}).join('; ').replaceAll(problem.property, names[problem.property] ?? problem.property),
    }))
    throw new HmsError('HMS_CONFIG_INVALID', errors.map((error) => error.detail).join('. '), {
      status: 400,
      errors,
      next: ['hms-svc help environment'],
    })
  }
  return Object.freeze(config)
}
