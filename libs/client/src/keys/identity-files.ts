import { join } from 'node:path'

/** Name of the operator's key file; no service may have it. */
export const OPERATOR = 'operator'

export function rosterFile(dataDir: string): string {
  return join(dataDir, 'roster.json')
}

export function serviceKeysDir(dataDir: string): string {
  return join(dataDir, 'service-keys')
}

export function serviceKeyFile(dataDir: string, name: string): string {
  if (!/^[a-z][a-z0-9-]*$/.test(name)) throw new TypeError(`${name} is no name of a service`)
  return join(serviceKeysDir(dataDir), `${name}.pem`)
}
