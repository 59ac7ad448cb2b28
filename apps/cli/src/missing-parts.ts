import { HmsError } from '#libs/contracts'

const MISSING = /^Cannot find package '([^']+)'/

/**
 * Returns the error to report for a failed `import()`. The packages of the services are optional: npm omits them on request, and silently
 * if one of them does not support this Node. ADR 0071.
 */
export function ofMissingParts(error: unknown): unknown {
  const name =
    (error as { code?: unknown } | null)?.code === 'ERR_MODULE_NOT_FOUND' ? MISSING.exec((error as Error).message)?.[1] : undefined
  return name === undefined ? error : partsMissing(name, error)
}

export function partsMissing(name: string, cause?: unknown): HmsError {
  return new HmsError(
    'HMS_CLI_PARTS_MISSING',
    `This verb needs the package ${name}, which is not installed. The packages of the services are optional: npm leaves them out with ` +
      `--omit=optional, and where one of them does not want this Node (${process.version})`,
    { status: 400, next: ['npm install --include=optional', `npm view ${name} engines`], cause },
  )
}
