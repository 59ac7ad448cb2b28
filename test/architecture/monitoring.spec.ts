import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { SERVICES } from '#libs/contracts'
import { readYaml } from '../support/kubernetes/manifests.js'
import { ROOT } from './root.js'

interface Rule {
  alert: string
  expr: string
  labels: Record<string, string>
  annotations: { summary: string; do: string; runbook_url: string }
}
interface Panel {
  type: string
  title: string
  description?: string
  targets?: { expr: string }[]
}

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const FOLDER = 'k8s/components/monitoring'
const rules = readYaml<{ groups: { rules: Rule[] }[] }>(`${FOLDER}/alerts.yml`).groups.flatMap((group) => group.rules)
const pages = readdirSync(join(ROOT, 'docs/how-to/alerts')).filter((name) => name !== 'README.md')

/** Whole addresses: a link in a notification is opened outside the console. An overlay replaces the host. */
const PAGES_AT = 'https://policies.example.gov/docs/how-to/alerts/'

describe('alerts', () => {
  it('have a page each, and no page is left over', () => {
    const named = rules.map(({ annotations }) => annotations.runbook_url)
    expect(named.map((url) => `${url.replace(PAGES_AT, '')}.md`).toSorted()).toEqual(pages.toSorted())
    const index = read('docs/how-to/alerts/README.md')
    for (const { alert, annotations } of rules) {
      expect(annotations.runbook_url).toContain(PAGES_AT)
      const page = read(`docs/how-to/alerts/${annotations.runbook_url.replace(PAGES_AT, '')}.md`)
      expect(page, alert).toMatch(new RegExp(`^# ${alert}: `))
      expect(page, alert).toContain(`\n${annotations.do}`)
      expect(page, alert).toContain('\nThe alert ends when ')
      expect(index).toContain(`[${alert}](${annotations.runbook_url.replace(PAGES_AT, '')}.md)`)
    }
  })

  it('have a severity, a summary, and one command of ours', () => {
    for (const { alert, labels, annotations } of rules) {
      expect(['page', 'ticket'], alert).toContain(labels['severity'])
      expect(annotations.summary, alert).toMatch(/\.$/)
      expect(annotations.do, alert).toMatch(/^hms-svc [a-z]+/)
    }
  })

  it('are all tried, alight and out', () => {
    const tests = readYaml<{ tests: { alert_rule_test?: { alertname: string; exp_alerts: unknown[] }[] }[] }>(`${FOLDER}/alerts_test.yml`)
    const tried = tests.tests.flatMap(({ alert_rule_test = [] }) => alert_rule_test)
    for (const { alert } of rules) {
      const mine = tried.filter(({ alertname }) => alertname === alert)
      expect(
        mine.some(({ exp_alerts }) => exp_alerts.length > 0),
        `${alert} fires`,
      ).toBe(true)
      expect(mine.at(-1)!.exp_alerts, `${alert} ends`).toEqual([])
    }
  })

  it('miss no service that is down', () => {
    const { expr } = rules.find(({ alert }) => alert === 'ServiceDown')!
    expect([...expr.matchAll(/service="([a-z-]+)"/g)].map(([, name]) => name)).toEqual([...SERVICES])
  })
})

describe('the dashboard', () => {
  const { panels } = JSON.parse(read(`${FOLDER}/dashboard.json`)) as { panels: Panel[] }

  it('has a row for each of its five questions, in their order', () => {
    const rows = panels.filter(({ type }) => type === 'row').map(({ title }) => title)
    expect(rows).toEqual([
      '1 · Is policy current everywhere?',
      '2 · Runs',
      '3 · Topics: how long messages wait',
      '4 · Partners',
      '5 · Audit and trust',
    ])
  })

  it('explains each panel, and queries only our metrics', () => {
    const pictures = panels.filter(({ type }) => type !== 'row')
    expect(pictures.length).toBeGreaterThanOrEqual(15)
    for (const { title, description, targets } of pictures) {
      expect(description, title).toMatch(/\.$/)
      for (const { expr } of targets!) expect(expr, title).toMatch(/hms_svc_/)
    }
  })

  it('is what compose shows, with the same rules', () => {
    const compose = read('docker-compose.yml')
    for (const file of ['alerts.yml', 'dashboard.json', 'observe/prometheus.yml', 'observe/datasource.yml', 'observe/dashboards.yml'])
      expect(compose).toContain(`- ./${FOLDER}/${file}:`)
    const { scrape_configs } = readYaml<{ scrape_configs: { static_configs: { targets: string[] }[] }[] }>(
      `${FOLDER}/observe/prometheus.yml`,
    )
    const targets = scrape_configs[0]!.static_configs[0]!.targets
    const ports = [...compose.matchAll(/^ {2}HMS_[A-Z_]+_URLS: http:\/\/(.+)$/gm)].map(([, place]) => place!)
    expect(targets).toEqual(expect.arrayContaining(ports))
  })
})
