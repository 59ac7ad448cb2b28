import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { ROOT } from '../architecture/root.js'
import { policyFile } from '../support/policy-file.js'
import { cleanEnvironment } from '../support/processes.config.js'
import { BIN, finished, freePort, hms, ready, scratchFolder, Served, until, type Finished } from '../support/processes.js'

interface Workflow {
  jobs: Record<string, { steps: { name?: string; run?: string; uses?: string }[] }>
}
type Jobs = Record<string, { before_script: string[]; script: string[] }>

const read = <T>(name: string): T => parse(readFileSync(join(ROOT, 'docs/examples/ci', name), 'utf8')) as T

describe('the examples for CI, on a repository of policies', () => {
  const scratch = scratchFolder()
  const [bin, repository] = [join(scratch.path, 'bin'), join(scratch.path, 'repository')]
  const env: Record<string, string> = { PATH: `${bin}:${cleanEnvironment()['PATH']}`, HMS_DATA_DIR: join(scratch.path, 'data') }
  let dev: Served

  beforeAll(async () => {
    for (const folder of [bin, join(repository, 'policies')]) mkdirSync(folder, { recursive: true })
    program('hms-svc', `exec ${process.execPath} ${BIN} "$@"`)
    for (const name of ['npm', 'gh', 'curl']) program(name, `echo "${name} $*" >> ${join(scratch.path, 'calls')}`)
    const port = await freePort()
    env['HMS_URL'] = `http://127.0.0.1:${port}`
    dev = Served.start(['dev', '--port', String(port)], env)
    await until('dev is ready', () => ready(env['HMS_URL']!))
    const live = policyFile(scratch.path, '1.5.0', 35)
    const approved = await hms(['approve', live, '--sign', 'EPA Chief', '--observe', '0s', '--bake', '0s', '--watch'], env)
    expect(approved.code, approved.stderr).toBe(0)
  }, 120_000)
  afterAll(async () => {
    await dev?.stop()
    scratch.remove()
  })

  function program(name: string, line: string): void {
    writeFileSync(join(bin, name), `#!/bin/sh\n${line}\n`)
    chmodSync(join(bin, name), 0o755)
  }

  const propose = (text: string): void => writeFileSync(join(repository, 'policies/pm25.yaml'), text)
  const pm25 = (version: string, limit: number): string => readFileSync(policyFile(scratch.path, version, limit), 'utf8')
  const lines = (script: string, more: Record<string, string> = {}): Promise<Finished> =>
    finished('bash', ['-e', '-c', `cd ${repository}\n${script}`], { ...env, ...more }, 60_000)
  const written = (name: string): string => readFileSync(join(repository, name), 'utf8')
  const calls = (): string => (existsSync(join(scratch.path, 'calls')) ? readFileSync(join(scratch.path, 'calls'), 'utf8') : '')

  it('the workflow of GitHub lints, plans and comments', async () => {
    const { steps } = read<Workflow>('github-workflow.yml').jobs['plan']!
    const run = (name: string): Promise<Finished> =>
      lines(steps.find((step) => step.name === name)!.run!, { PULL_REQUEST: '7', GITHUB_REPOSITORY: 'agency/policies' })
    expect(steps.flatMap(({ run: script, name }) => (script === undefined ? [] : [name]))).toEqual(['Install', 'Lint', 'Plan', 'Comment'])
    propose(pm25('2.0.0', 25))
    for (const name of ['Install', 'Lint', 'Plan', 'Comment']) {
      const { code, stderr } = await run(name)
      expect(code, `${name}: ${stderr}`).toBe(0)
    }
    expect(JSON.parse(written('lint.sarif'))).toMatchObject({ version: '2.1.0', runs: [{ results: [] }] })
    expect(written('plan.md')).toContain('| changed | epa-pm25-limit | 1.5.0 | 2.0.0 | `policies/pm25.yaml` |')
    expect(written('plan.md')).toMatch(/^\| limit \| 35 \| 25 \|/m)
    expect(calls()).toMatch(/^npm install --global .*hms-svc@\d.*\ngh pr comment 7 --repo agency\/policies .*--body-file plan.md\n$/s)

    propose(`${pm25('2.0.0', 25)}limit: 24\n`)
    expect([(await run('Lint')).code, (await run('Plan')).code, (await run('Comment')).code]).toEqual([6, 6, 0])
    const { results } = (JSON.parse(written('lint.sarif')) as { runs: { results: object[] }[] }).runs[0]!
    const uri = 'policies/pm25.yaml'
    expect(results).toMatchObject([{ ruleId: 'duplicate-key', locations: [{ physicalLocation: { artifactLocation: { uri } } }] }])
    expect(written('plan.md')).toContain('## Plan: FAIL')
  }, 120_000)

  it('the job of GitLab lints, plans, and comments with a token alone', async () => {
    const { policies } = read<Jobs>('gitlab-ci.yml')
    const script = [...policies!.before_script, ...policies!.script].join('\n')
    const gitlab = { CI_API_V4_URL: 'https://gitlab.example/api/v4', CI_PROJECT_ID: '3', CI_MERGE_REQUEST_IID: '9' }
    propose(pm25('2.0.0', 25))
    const { code, stdout } = await lines(script, gitlab)
    expect([code, stdout]).toEqual([0, expect.stringContaining('## Plan: INCONCLUSIVE')])
    expect(calls()).not.toContain('curl')
    expect((await lines(script, { ...gitlab, GITLAB_TOKEN: 'glpat' })).code).toBe(0)
    expect(calls()).toContain('--data-urlencode body@plan.md https://gitlab.example/api/v4/projects/3/merge_requests/9/notes')

    propose(pm25('1.5.0', 25))
    const reused = await lines(script, gitlab)
    expect([reused.code, reused.stdout]).toEqual([6, expect.stringContaining('version-reused')])
    propose(`${pm25('2.0.0', 25)}limit: 24\n`)
    const twice = await lines(script, gitlab)
    expect([twice.code, twice.stdout]).toEqual([6, expect.stringContaining('policies/pm25.yaml:7:1 duplicate-key')])
  }, 120_000)
})
