import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where things that are worth keeping between test runs lie: outside of every checkout. */
export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'hms-svc')
}
