import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { type StartOptions, startPostgres } from './start-postgres.js'
import { serversOn } from './server-process.js'

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hms-postgres-'))
  chmodSync(folder, 0o755)
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function started(options: StartOptions) {
  const server = await startPostgres(options)
  cleanups.push(() => server.stop())
  return server
}

async function ask(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows.map((row) => Object.values(row)[0])
  } finally {
    await client.end()
  }
}

const isRunning = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('startPostgres', () => {
  it('creates a database, keeps it and its port over a restart, and leaves no process running', async () => {
    const folder = newFolder()
    const first = await started({ folder })
    expect(first.url).toMatch(new RegExp(`^postgres://hms:[\\w-]{32}@127\\.0\\.0\\.1:${first.port}/hms$`))
    expect(await ask(first.url, 'CREATE TABLE kept AS SELECT 7 AS n; ')).toEqual([])
    expect(await ask(first.url, "SELECT current_setting(name) FROM unnest('{fsync,server_encoding,data_checksums}'::text[]) name")).toEqual(
      ['on', 'UTF8', 'off'],
    )
    await first.stop()
    await first.stop()
    expect(isRunning(first.pid)).toBe(false)

    const second = await started({ folder })
    expect(second.url).toBe(first.url)
    expect(await ask(second.url, 'SELECT n FROM kept')).toEqual([7])
  })

  it('makes the password readable only by its owner, and refuses a wrong password', async () => {
    const folder = newFolder()
    const server = await started({ folder })
    expect(statSync(join(folder, 'postgres.password')).mode & 0o777).toBe(0o600)
    const wrong = new URL(server.url)
    wrong.password = 'guess'
    await expect(ask(wrong.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' })
  })

  it('stops a server that a killed owner left behind, and starts with its data', async () => {
    const folder = newFolder()
    const orphan = await started({ folder })
    await ask(orphan.url, 'CREATE TABLE kept AS SELECT 7 AS n')
    const lines: string[] = []
    const next = await started({ folder, log: (line) => lines.push(line) })
    expect(lines[0]).toMatch(/left behind/)
    expect(isRunning(orphan.pid)).toBe(false)
    expect(await ask(next.url, 'SELECT n FROM kept')).toEqual([7])
  })

  it('recovers from a killed server whose recorded pid now belongs to another process', async () => {
    const folder = newFolder()
    const server = await started({ folder })
    await ask(server.url, 'CREATE TABLE kept AS SELECT 7 AS n')
    const pidFile = join(folder, 'postgres', 'postmaster.pid')
    const record = readFileSync(pidFile, 'utf8')
    process.kill(server.pid, 'SIGKILL')
    await server.stop()
    writeFileSync(pidFile, record.replace(/^\d+/, String(process.ppid)))
    const next = await started({ folder })
    expect(await ask(next.url, 'SELECT n FROM kept')).toEqual([7])
    if (process.platform === 'linux') expect(serversOn(join(folder, 'postgres'))).toContain(next.pid)
  })

  it('refuses a given port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void other.close())
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as { port: number }
    await expect(startPostgres({ folder: newFolder(), port })).rejects.toMatchObject({ code: 'HMS_DATABASE_PORT_IN_USE' })
  })

  it('reports why a server did not start, with lines of its log', async () => {
    const attempt = startPostgres({ folder: newFolder(), settings: { shared_buffers: 'plenty' } })
    await expect(attempt).rejects.toMatchObject({
      code: 'HMS_DATABASE_START_FAILED',
      message: expect.stringMatching(/shared_buffers.*plenty/),
    })
  })

  it.runIf(process.getuid?.() === 0)('names the folder that the database user may not enter', async () => {
    const closed = newFolder()
    chmodSync(closed, 0o700)
    const folder = join(closed, 'data')
    mkdirSync(folder)
    await expect(startPostgres({ folder })).rejects.toMatchObject({
      code: 'HMS_DATABASE_FOLDER_UNREACHABLE',
      message: expect.stringContaining(closed),
      next: expect.stringContaining('--data'),
    })
  })
})
