import { HmsError } from '#libs/contracts'
import { readGivenFile, requirePrivate } from '#libs/files'
import { configInvalid, listOf, type Environment } from '#libs/platform'
import { tokenIdOf } from '#libs/signing'

const VARIABLE = 'HMS_CONSOLE_KEY_FILE'
const MAX_BYTES = 4 * 1024

/** Reads `HMS_CONSOLE_HOSTS`: the host names, besides loopback, at which this edge serves pages that read with the console's key. */
export function readConsoleHosts(env: Environment): string[] {
  const given = env['HMS_CONSOLE_HOSTS'] ?? ''
  const hosts = given === '' ? [] : listOf(given).map((host) => host.toLowerCase())
  const wrong = hosts.find((host) => !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(host))
  if (wrong === undefined) return hosts
  const detail = `HMS_CONSOLE_HOSTS must be host names separated by commas, without ports; invalid: "${wrong}".`
  throw configInvalid(detail)
}

/**
 * Reads the key with which console pages read for clients without a key of their own, from the file of `HMS_CONSOLE_KEY_FILE`; `undefined`
 * by default. Throws `HMS_KEY_EXPOSED` if other users can read the file, and `HMS_CONFIG_INVALID` if the file has anything but one key.
 */
export async function readConsoleKey(env: Environment): Promise<string | undefined> {
  const file = env[VARIABLE]
  if (file === undefined || file === '') return undefined
  const given = await readGivenFile(file, MAX_BYTES)
  requirePrivate(file, given)
  const key = given.bytes.toString('utf8').trim()
  if (tokenIdOf(key) !== undefined) return key
  const detail = `${VARIABLE} must name a file that holds one key and nothing else; ${file} does not.`
  throw new HmsError('HMS_CONFIG_INVALID', detail, { status: 400, next: ['hms-svc tokens create --scope read --name console --sign NAME'] })
}
