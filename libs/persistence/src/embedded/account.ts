import { chownSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { EmbeddedError } from '#libs/files'

/** Operating-system user of the server; `undefined` always means the user of this process. */
export type Account = { uid: number; gid: number }

const UNPRIVILEGED: Account = { uid: 65534, gid: 65534 }

/** Returns the server's account if this process runs as root, which PostgreSQL refuses: owner of the data, `postgres` or `nobody`. */
export function databaseAccount(dataFolder: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const owner = statSync(dataFolder, { throwIfNoEntry: false })
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  return passwdEntry('postgres') ?? passwdEntry('nobody') ?? UNPRIVILEGED
}

/** Throws `HMS_DATABASE_FOLDER_UNREACHABLE` if the account may not enter one of the folders up to `path`. */
export function requireReachable(path: string, account: Account | undefined): void {
  const blocking = account && blockingFolder(path, account)
  if (!blocking) return
  throw new EmbeddedError(
    'HMS_DATABASE_FOLDER_UNREACHABLE',
    `The database runs as user ${account.uid}, because PostgreSQL refuses to run as root, and that user may not enter ${blocking}`,
    `Choose another place with --data (for example --data /var/lib/hms-svc), or allow it to pass: chmod o+x ${blocking}`,
  )
}

/** Returns the first folder up to and including `path` that the account may not enter. Access lists are ignored. */
export function blockingFolder(path: string, account: Account): string | undefined {
  const way = [resolve(path)]
  for (let at = way[0]!; at !== dirname(at); at = dirname(at)) way.unshift(dirname(at))
  return way.find((folder) => {
    const { mode, uid, gid } = statSync(folder)
    // The child drops all supplementary groups, so exactly one of the three search bits applies.
    const search = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001
    return (mode & search) === 0
  })
}

/** Changes the owner of a folder and its files to the account; links are unchanged. */
export function giveTo(account: Account | undefined, folder: string): void {
  if (!account) return
  chownSync(folder, account.uid, account.gid)
  for (const entry of readdirSync(folder)) {
    const path = join(folder, entry)
    if (lstatSync(path).isDirectory()) giveTo(account, path)
    else if (lstatSync(path).isFile()) chownSync(path, account.uid, account.gid)
  }
}

function passwdEntry(name: string): Account | undefined {
  try {
    const fields = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((line) => line.startsWith(`${name}:`))
      ?.split(':')
    return fields && { uid: Number(fields[2]), gid: Number(fields[3]) }
  } catch {
    return undefined
  }
}
