import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { describeWith, runTool } from '../support/kubernetes/tools.config.js'
import { hms } from '../support/processes.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const FOLDER = join(ROOT, 'k8s/components/monitoring')
const PAGES = join(ROOT, 'docs/how-to/alerts')

describeWith(['promtool'], 'the rules of Prometheus', () => {
  it('are rules', () => {
    const written = readFileSync(join(FOLDER, 'alerts.yml'), 'utf8').match(/^ *- (alert|record): /gm)!.length
    const judged = runTool('promtool', ['check', 'rules', 'alerts.yml'], { cwd: FOLDER })
    expect(judged, judged.stdout).toMatchObject({ code: 0, stdout: expect.stringContaining(`${written} rules found`) })
  })

  it('fire and end as their tests expect', () => {
    const judged = runTool('promtool', ['test', 'rules', 'alerts_test.yml'], { cwd: FOLDER })
    expect(judged.code, judged.stdout + judged.stderr).toBe(0)
  }, 240_000)

  it('are scraped with a valid configuration', () => {
    const judged = runTool('promtool', ['check', 'config', '--syntax-only', 'observe/prometheus.yml'], { cwd: FOLDER })
    expect(judged.code, judged.stdout + judged.stderr).toBe(0)
  })
})

describe('the commands of the pages about alerts', () => {
  const texts = readdirSync(PAGES).map((name) => readFileSync(join(PAGES, name), 'utf8'))
  const lines = texts.flatMap((text) => [...text.matchAll(/^```\n(hms-svc .+)\n```$/gm)].map(([, line]) => line!))
  const commands = [...new Set(lines)].map((line): [line: string, verb: string[], flags: string[]] => {
    const words = line.split(' ').slice(1)
    const known = words.findIndex((word) => !/^[a-z]+$/.test(word))
    return [line, words.slice(0, known === -1 ? words.length : known), words.filter((word) => word.startsWith('--'))]
  })

  it.each(commands)('%s is one that there is', async (_line, verb, flags) => {
    const { code, stdout } = await hms([...verb, '--help'], {})
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`^Usage: hms-svc ${verb.join(' ')}\\b`))
    for (const flag of flags) expect(stdout).toContain(flag)
  })
})
