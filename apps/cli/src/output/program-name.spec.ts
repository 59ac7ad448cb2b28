import { describe, expect, it } from 'vitest'
import { runCli } from '../program.js'
import { ioForTest } from '../testing/run-cli.js'
import { withProgramName, programName } from './program-name.js'

const having =
  (...paths: string[]) =>
  (path: string) =>
    paths.includes(path)
const NPX = { npm_command: 'exec', PATH: '/app/node_modules/.bin:/usr/bin' }

describe('the name of the program', () => {
  it.each<[string, Record<string, string>, string, string[], string]>([
    ['run by npx', NPX, '/app/node_modules/.bin/hms-svc', ['/app/node_modules/.bin/hms-svc'], 'npx hms-svc'],
    ['run by npx beside a global one', NPX, '/app/node_modules/.bin/hms-svc', ['/usr/bin/hms-svc'], 'hms-svc'],
    ['run from node_modules', { PATH: '/usr/bin' }, '/app/node_modules/.bin/hms-svc', [], 'npx hms-svc'],
    ['installed for all', { PATH: '/usr/bin' }, '/usr/bin/hms-svc', ['/usr/bin/hms-svc'], 'hms-svc'],
    ['run from its sources', { PATH: '/usr/bin' }, '/src/dist/apps/cli/src/main.js', [], 'hms-svc'],
  ])('%s', (_how, variables, script, there, name) => expect(programName(variables, script, having(...there))).toBe(name))

  it('replaces hms-svc in next commands, and nowhere else', () => {
    const named = (line: string): string => withProgramName(line, 'npx hms-svc')
    expect(named('  next: hms-svc runs show 3')).toBe('  next: npx hms-svc runs show 3')
    expect(named('        hms-svc audit log --run 3')).toBe('        npx hms-svc audit log --run 3')
    expect(named('source /hms-svc/linter; next: hms-svc x')).toBe('source /hms-svc/linter; next: hms-svc x')
  })

  it('is used in the next command of an error', async () => {
    const texts = { stdout: '', stderr: '' }
    await runCli(['runs', 'show', 'x'], { ...ioForTest({}, texts), program: 'npx hms-svc' })
    expect(texts.stderr).toContain('next: npx hms-svc runs list')
  })
})
