import { describe, expect, it } from 'vitest'
import { SERVICES } from '#libs/contracts'
import { freshDatabase } from '../support/postgres.js'
import { hms, scratchFolder } from '../support/processes.js'

describe('migrations', () => {
  it('that three start at the same moment run once', async () => {
    const folder = scratchFolder()
    const database = await freshDatabase()
    const env = { HMS_PROFILE: 'dev', HMS_DATABASE_URL: database.url, HMS_DATA_DIR: folder.path }
    const migrate = async (): Promise<{ code: number; stderr: string; ran: { service: string; migrations: number }[] }> => {
      const { code, stdout, stderr } = await hms(['migrate', '--json'], env)
      return { code, stderr, ran: code === 0 ? (JSON.parse(stdout) as { service: string; migrations: number }[]) : [] }
    }
    const raced = await Promise.all([migrate(), migrate(), migrate()])
    expect(raced.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ''],
      [0, ''],
      [0, ''],
    ])
    for (const service of SERVICES) {
      const counts = raced.map(({ ran }) => ran.find((entry) => entry.service === service)!.migrations)
      expect(
        counts.filter((count) => count > 0),
        `${service}: ${counts.join(', ')}`,
      ).toHaveLength(1)
    }
    expect((await migrate()).ran.every(({ migrations }) => migrations === 0)).toBe(true)
    await database.drop()
    folder.remove()
  })
})
