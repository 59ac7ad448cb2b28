import { HmsError, type Envelope } from '#libs/contracts'
import { readRoster } from '#libs/signing'
import type { ClientConfig } from '../client.config.js'
import { readIfThere } from '../keys/files.js'
import { rosterFile } from '../keys/identity-files.js'

/**
 * Returns the installation that requests are signed for: that of the pinned roster in `HMS_ROSTER`, else that of the data folder. The
 * service is never asked, because it could name another. Throws `HMS_ROSTER_REQUIRED` (400) without either.
 */
export async function installationOf({ roster, dataDir }: Pick<ClientConfig, 'roster' | 'dataDir'>): Promise<string> {
  const file = roster ?? rosterFile(dataDir)
  const text = await readIfThere(file)
  if (text !== undefined) return readRoster(JSON.parse(text) as Envelope).installation
  throw new HmsError(
    'HMS_ROSTER_REQUIRED',
    `A request is signed for one installation, which its roster names; ${file} does not exist. Set HMS_ROSTER to its file.`,
    {
      status: 400,
      next: ['hms-svc help environment'],
    },
  )
}
