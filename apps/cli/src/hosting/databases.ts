import { createDemoIdentity } from '#libs/client'
import { HmsError, SERVICES, type ServiceName } from '#libs/contracts'
import { acquireFolder } from '#libs/files'
import { createDatabase, startPostgres } from '#libs/persistence'
import { configInvalid, processEnvironment } from '#libs/platform'
import { databaseUrl, readHostConfig } from '#libs/process'
import { advanceServiceCounters, loadService, migrateService } from '#libs/service'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { CliContext } from '../context.js'
import { numberFlag } from '../flags.js'
import { rethrowEmbedded } from './embedded-system.js'

/** Migrates every service's schema to the last migration. With profile dev also creates the demo roster and keys. */
export async function runMigrate({ output }: CliContext, { create }: { create?: boolean }): Promise<void> {
  const config = readHostConfig(processEnvironment())
  const url = await databaseUrl(config)
  if (url === undefined) throw configInvalid('HMS_DATABASE_URL must name the database; `hms-svc dev` migrates its own.')
  if (create === true && (await createDatabase(url))) output.note('The database was missing, and is made.')
  const report: { service: string; migrations: number }[] = []
  for (const service of SERVICES) report.push({ service, migrations: await migrateService(await loadService(service), url) })
  if (config.profile === 'dev') {
    await mkdir(config.dataDir, { recursive: true, mode: 0o755 })
    await createDemoIdentity(config.dataDir, SERVICES)
  }
  const lines = report.map(({ service, migrations }) => `${service}: ${migrations === 0 ? 'up to date' : `${migrations} migrated`}`)
  output.result(report, lines)
}

/** Maximum of one advance. Run numbers have 31 bits, so there is room for two hundred advances. */
const MOST_AHEAD = 10_000_000

/** Advances every counter that readers remember above what any reader saw: after a restore, before any service is started. */
export async function runRecover({ output }: CliContext, { ahead, data }: { ahead: string; data?: string }): Promise<void> {
  const by = numberFlag('--ahead', ahead, { least: 1, most: MOST_AHEAD, verb: 'recover' })!
  const config = readHostConfig(processEnvironment())
  const url = data === undefined ? await databaseUrl(config) : undefined
  const advanced = url === undefined ? await inDataFolder(data ?? config.dataDir, by) : await advanceAll(url, by)
  const lines = advanced.map((service) => `${service}: counters advanced by ${by}`)
  output.result({ ahead: by, services: advanced }, lines)
  output.note('Start the services: they issue every head again. next: hms-svc policies list')
}

async function advanceAll(url: string, by: number): Promise<ServiceName[]> {
  const advanced = await advanceServiceCounters(await Promise.all(SERVICES.map(loadService)), url, by)
  return advanced.map(({ name }) => name)
}

async function inDataFolder(folder: string, by: number): Promise<ServiceName[]> {
  const dataDir = resolve(folder)
  if (!existsSync(join(dataDir, 'postgres'))) {
    const detail = `${dataDir} holds no database; without --data, HMS_DATABASE_URL names one.`
    throw new HmsError('HMS_CONFIG_INVALID', detail, { status: 400, next: ['hms-svc recover --data DIR'] })
  }
  const lock = await acquireFolder(dataDir, { purpose: 'hms-svc' }).catch(rethrowEmbedded)
  try {
    const database = await startPostgres({ folder: dataDir })
    return await advanceAll(database.url, by).finally(() => database.stop())
  } catch (error) {
    return rethrowEmbedded(error)
  } finally {
    await lock.release()
  }
}
