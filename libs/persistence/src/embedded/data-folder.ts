import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Account, giveTo } from './account.js'
import { EmbeddedError } from '#libs/files'

/** Files of the embedded database in the data folder. `cluster` belongs to the database user, the rest to the user of this process. */
export type DatabaseFiles = { folder: string; cluster: string; password: string; port: string; log: string }

export const DATABASE_USER = 'hms'

/** Creates the folder if missing and resolves its real path, by which a running server is recognised. */
export function databaseFiles(folder: string): DatabaseFiles {
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  const real = realpathSync(folder)
  return {
    folder: real,
    cluster: join(real, 'postgres'),
    password: join(real, 'postgres.password'),
    port: join(real, 'postgres.port'),
    log: join(real, 'postgres.log'),
  }
}

/**
 * Creates the cluster unless it exists, beside its final place and then renamed, so a crash leaves nothing that looks like a cluster.
 * Returns the password of the superuser `hms`.
 */
export async function prepareCluster(files: DatabaseFiles, initdb: string, account: Account | undefined): Promise<string> {
  if (existsSync(files.cluster)) return readPassword(files)
  const password = randomBytes(24).toString('base64url')
  writeFileSync(files.password, password, { mode: 0o600 })
  const draft = `${files.cluster}.new`
  const passwordCopy = `${files.password}.new`
  rmSync(draft, { recursive: true, force: true })
  rmSync(passwordCopy, { force: true })
  mkdirSync(draft, { mode: 0o700 })
  giveTo(account, draft)
  try {
    // The password file belongs to the user of this process; the database user gets a copy while initdb runs.
    writeFileSync(passwordCopy, password, { mode: 0o600, flag: 'wx' })
    if (account) chownSync(passwordCopy, account.uid, account.gid)
    await promisify(execFile)(
      initdb,
      ['-D', draft, '-U', DATABASE_USER, `--pwfile=${passwordCopy}`, '-A', 'scram-sha-256', '-E', 'UTF8', '--locale', 'C', '--no-sync'],
      { ...account, cwd: draft },
    )
    renameSync(draft, files.cluster)
  } catch (cause) {
    const detail = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause)
    throw new EmbeddedError(
      'HMS_DATABASE_START_FAILED',
      `initdb could not make the database in ${files.folder}: ${detail}`,
      'Check free space and permissions of the data folder, or choose another one with --data',
      { cause },
    )
  } finally {
    rmSync(passwordCopy, { force: true })
  }
  return password
}

function readPassword(files: DatabaseFiles): string {
  try {
    return readFileSync(files.password, 'utf8').trim()
  } catch (cause) {
    throw new EmbeddedError(
      'HMS_DATABASE_PASSWORD_MISSING',
      `There is a database in ${files.cluster}, but its password cannot be read from ${files.password}`,
      'Restore the file from a backup, run as the user who made the folder, or choose another folder with --data',
      { cause },
    )
  }
}
