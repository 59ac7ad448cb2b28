import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { inputOf, type PolicyChange, runProgram } from './run-program.js'

const PAGE = readFileSync(new URL('../../../../docs/how-to/files-programs-tables.md', import.meta.url), 'utf8')
/** The programs of the page, by the name in their second line. */
const PROGRAMS = new Map([...PAGE.matchAll(/```sh\n(#!\/bin\/sh\n# ([a-z-]+):[\s\S]*?)```/g)].map(([, text, name]) => [name!, text!]))

const CHANGE: PolicyChange = {
  id: 'epa-pm25-limit',
  from: '1.5.0',
  to: '2.0.0',
  revision: 5,
  value: { id: 'epa-pm25-limit', version: '2.0.0', effective: '2024-09-01T00:00:00Z', limit: 25, note: `it's "quoted"; $(id)` },
}
const WITHDRAWN: PolicyChange = { ...CHANGE, to: null, value: null }

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hms-programs-'))
  // Stubs of called programs that record their arguments.
  for (const tool of ['nginx', 'systemctl', 'psql'])
    script(tool, `#!/bin/sh\nprintf '%s\\n' "$@" >>${folder}/${tool}.args\n${readsOf(tool)}`)
})
afterEach(() => rmSync(folder, { recursive: true }))

const readsOf = (tool: string): string => (tool === 'psql' ? `cat >${folder}/psql.sql\n` : '')
const at = (name: string): string => join(folder, name)
const text = (name: string): string => readFileSync(at(name), 'utf8')
function script(name: string, body: string): string {
  writeFileSync(at(name), body)
  chmodSync(at(name), 0o755)
  return at(name)
}
async function run(name: string, change: PolicyChange, variables: Record<string, string> = {}): Promise<number | null> {
  const { stdin, variables: given } = inputOf(change)
  const environment = { PATH: `${folder}:/usr/bin:/bin`, ...variables, ...given }
  return (await runProgram({ program: script(`${name}.sh`, PROGRAMS.get(name)!), stdin, environment, deadlineMs: 60_000 })).code
}

describe('programs of the documentation', () => {
  it('are nginx-limit, dotenv-limit and sql-rule', () => {
    expect([...PROGRAMS.keys()]).toEqual(['nginx-limit', 'dotenv-limit', 'sql-rule'])
  })

  it('write an nginx map and reload nginx, and keep the map if the policy is withdrawn', async () => {
    expect(await run('nginx-limit', CHANGE, { MAP: at('limit.conf') })).toBe(0)
    expect(text('limit.conf')).toBe('map $host $pm25_limit { default "25"; }\n')
    expect(text('nginx.args').split('\n')).toEqual(['-t', '-q', '-s', 'reload', ''])
    expect(await run('nginx-limit', WITHDRAWN, { MAP: at('limit.conf') })).toBe(0)
    expect(text('limit.conf')).toContain('25')
  })

  it('write a dotenv file and restart its reader', async () => {
    expect(await run('dotenv-limit', CHANGE, { FILE: at('limits.env') })).toBe(0)
    expect(text('limits.env')).toBe('PM25_LIMIT=25\nPM25_VERSION=2.0.0\n')
    expect(text('systemctl.args')).toBe('restart\nair-quality\n')
    expect(existsSync(at('limits.env.new'))).toBe(false)
  })

  it('give psql the whole policy as a variable that it quotes itself', async () => {
    expect(await run('sql-rule', CHANGE, { DATABASE_URL: 'postgres://db' })).toBe(0)
    const args = text('psql.args').trimEnd().split('\n')
    expect(args.slice(0, 5)).toEqual(['postgres://db', '-X', '-q', '-v', 'ON_ERROR_STOP=1'])
    expect(args).toContain('id=epa-pm25-limit')
    expect(args).toContain(`policy=${JSON.stringify(CHANGE.value)}`)
    expect(text('psql.sql')).toContain(`nullif(:'policy', 'null')::jsonb`)
    expect(await run('sql-rule', WITHDRAWN, { DATABASE_URL: 'postgres://db' })).toBe(0)
    expect(text('psql.args')).toContain('policy=null')
  })

  it('exit with an error if the tool that they call fails', async () => {
    script('nginx', '#!/bin/sh\nexit 1\n')
    expect(await run('nginx-limit', CHANGE, { MAP: at('limit.conf') })).toBe(1)
  })
})
