import { readHostConfig } from '#libs/process'
import { createDemoIdentity } from '#libs/client'
import { EXIT, HmsError, SERVICES } from '#libs/contracts'
import { processEnvironment } from '#libs/platform'
import { loadService, migrateService } from '#libs/service'
import { mkdir } from 'node:fs/promises'
import type { MigrateOptions } from './hosting.js'

/** Migrates every service's schema to the last migration. With profile dev also creates the demo roster and keys. */
export async function runMigrate({ output }: MigrateOptions): Promise<number> {
  const config = readHostConfig(processEnvironment())
  if (config.databaseUrl === undefined) {
    throw new HmsError('HMS_CONFIG_INVALID', 'HMS_DATABASE_URL must name the database; `hms-svc dev` migrates its own.', {
      status: 400,
      next: ['hms-svc help environment'],
    })
  }
  const report: { service: string; migrations: number }[] = []
  for (const service of SERVICES) report.push({ service, migrations: await migrateService(await loadService(service), config.databaseUrl) })
  if (config.profile === 'dev') {
    await mkdir(config.dataDir, { recursive: true, mode: 0o755 })
    await createDemoIdentity(config.dataDir, SERVICES)
  }
  const said = report.map(({ service, migrations }) => `${service}: ${migrations === 0 ? 'up to date' : `${migrations} migrated`}`)
  output.result(report, said)
  return EXIT.done
}
