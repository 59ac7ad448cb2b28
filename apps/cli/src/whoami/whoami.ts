import { join } from 'node:path'
import { defaultSigner, isLoopback, operatorKey } from '#libs/client'
import { EXIT, HmsError } from '#libs/contracts'
import type { Roster } from '#libs/signing'
import type { CliContext } from '../context.js'
import { keyFolderOf } from '../keys/key-folder.js'
import { pinnedRoster, rosterFile } from '../roster/rosters-here.js'

/** Identities and settings of this machine. `by`: the setting that determined the value. */
interface Whoami {
  services: { url: string; by: string }
  keys: string
  /** Default signer; `null` with the reason in `unsigned`. */
  signer: { name: string; by: string; keyid?: string; heldBy?: 'file' | 'ssh-agent'; roles: string[] } | null
  unsigned?: string
  caller: { as: 'a program' | 'the operator' | 'nobody'; by: string }
  roster: { version: number; digest: string; expires: string; by: string } | null
}

/** Shows this machine's own settings and files. Calls no service and unlocks no key. Exit 3 if neither signing nor writing is possible. */
export async function showWhoami(context: CliContext): Promise<number> {
  const { lookup, dataDir } = context.io.environment
  const { url } = await context.client()
  const roster = rosterFile(context) === undefined ? undefined : await pinnedRoster(context)
  const given = lookup('HMS_URL') === undefined ? 'default' : 'HMS_URL'
  const pinnedBy = lookup('HMS_ROSTER') === undefined ? join(dataDir, 'roster.json') : 'HMS_ROSTER'
  const found: Whoami = {
    services: { url, by: context.options.url === undefined ? given : '--url' },
    keys: keyFolderOf(context).dir,
    ...(await findSigner(context, roster)),
    caller: await findCaller(context, url),
    roster: roster === undefined ? null : { version: roster.version, digest: roster.digest, expires: roster.expires, by: pinnedBy },
  }
  context.output.data(found, () => linesOf(found))
  return found.signer === null && found.caller.as === 'nobody' ? EXIT.notAllowed : EXIT.done
}

async function findSigner(context: CliContext, roster: Roster | undefined): Promise<Pick<Whoami, 'signer' | 'unsigned'>> {
  const folder = keyFolderOf(context)
  try {
    const { name, by } = await defaultSigner(folder, context.io.environment.lookup('HMS_SIGNER'))
    const key = await folder.find(name)
    if (key === undefined) return { signer: null, unsigned: `${by} says "${name}", and ${folder.dir} has no such key` }
    const roles = roster?.rolesOf(roster.principalOfKey(key.keyid)?.id ?? '') ?? []
    return { signer: { name, by, keyid: key.keyid, heldBy: key.agent === true ? 'ssh-agent' : 'file', roles } }
  } catch (error) {
    if (error instanceof HmsError) return { signer: null, unsigned: error.detail }
    throw error
  }
}

/** Determines the caller, in the order of the client's `authorizationFrom`. */
async function findCaller(context: CliContext, url: string): Promise<Whoami['caller']> {
  const { token, dataDir } = context.io.environment
  if (token !== undefined) return { as: 'a program', by: 'HMS_TOKEN' }
  if (!isLoopback(url)) return { as: 'nobody', by: 'no HMS_TOKEN' }
  try {
    if ((await operatorKey(dataDir)) !== undefined) return { as: 'the operator', by: dataDir }
  } catch (error) {
    // A folder with an unusable key or roster has no operator either.
    if (!(error instanceof HmsError)) throw error
  }
  return { as: 'nobody', by: `no HMS_TOKEN, and no operator's key in ${dataDir}` }
}

function linesOf({ services, signer, unsigned, keys, caller, roster }: Whoami): string[] {
  const roles = signer?.roles.length ? `; ${signer.roles.join(', ')} of the roster` : ''
  return [
    `signs as   ${signer === null ? `no one: ${unsigned}` : `${signer.name} (${signer.by}${roles})`}`,
    ...(signer === null ? [] : [`           ${signer.keyid}, held by ${signer.heldBy === 'file' ? 'a file' : 'the ssh-agent'}`]),
    `keys in    ${keys}`,
    `calls as   ${caller.as} (${caller.by})`,
    `services   ${services.url} (${services.by})`,
    roster === null
      ? 'trusts     no roster yet: set HMS_ROSTER'
      : `trusts     roster ${roster.version}, ${roster.digest} (${roster.by}), until ${roster.expires}`,
  ]
}
