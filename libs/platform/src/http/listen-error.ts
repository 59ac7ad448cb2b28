import { HmsError, type Action } from '#libs/contracts'

/** Returns the error for a refused `listen`; any other error unchanged. `nextFor`: next step that uses the given port instead. */
export function listenError(host: string, port: number, cause: unknown, nextFor: (port: number | string) => string | Action): unknown {
  const { code, syscall } = (cause ?? {}) as NodeJS.ErrnoException
  if (!['listen', 'bind', 'getaddrinfo'].includes(syscall ?? '')) return cause
  const place = `Port ${port} of ${host}`
  if (code === 'EADDRINUSE')
    return new HmsError('HMS_PORT_IN_USE', `${place} is in use.`, { status: 409, next: [nextFor(port + 1)], cause })
  return new HmsError('HMS_PORT_REFUSED', `${place} cannot be used (${code}).`, { status: 400, next: [nextFor('NUMBER')], cause })
}
