import { join } from 'node:path'

/** Name of the operator's key file; reserved, like the two below: no service may have it. */
export const OPERATOR = 'operator'
/** Names of the key files of the transparency log and of its witness. */
export const AUDIT_LOG = 'audit-log'
export const WITNESS = 'witness'

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

/** Returns the file of the key that encrypts partners' secrets. */
export function secretsKeyFile(dataDir: string): string {
  return join(serviceKeysDir(dataDir), 'partner-secrets.key')
}
