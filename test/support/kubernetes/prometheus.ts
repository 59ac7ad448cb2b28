import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { killWithParent } from '../broker/parent-watch.js'
import { until } from '../processes.js'
import { plainEnvironment, programOf } from './tools.config.js'

interface Alert {
  labels: Record<string, string>
  annotations: Record<string, string>
  state: 'pending' | 'firing'
}

/** Debian's Prometheus on loopback, with the rules as they are, but for their waits: a test does not wait for minutes. */
export class TestPrometheus {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  static async start(folder: string, port: number, rules: string, targets: readonly string[]): Promise<TestPrometheus> {
    mkdirSync(folder, { recursive: true })
    const quick = parse(readFileSync(rules, 'utf8'), (key: unknown, value: unknown) => (key === 'for' ? '2s' : value)) as object
    writeFileSync(join(folder, 'alerts.yml'), stringify(quick))
    const config = {
      global: { scrape_interval: '2s', scrape_timeout: '2s', evaluation_interval: '1s' },
      rule_files: ['alerts.yml'],
      scrape_configs: [{ job_name: 'hms-svc', static_configs: [{ targets }] }],
    }
    writeFileSync(join(folder, 'prometheus.yml'), stringify(config))
    const argv = [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ]
    const child = spawn(programOf('prometheus'), argv, { env: plainEnvironment(), stdio: ['ignore', 'ignore', 'inherit'] })
    if (child.pid !== undefined) child.once('exit', killWithParent(child.pid))
    const prometheus = new TestPrometheus(child, `http://127.0.0.1:${port}`)
    const answers = (): Promise<boolean> =>
      fetch(`${prometheus.url}/-/ready`).then(
        (response) => response.ok,
        () => false,
      )
    await until('Prometheus is ready', answers)
    return prometheus
  }

  async firing(name: string): Promise<Alert[]> {
    const { alerts } = await this.ask<{ alerts: (Alert & { labels: { alertname: string } })[] }>('alerts')
    return alerts.filter(({ labels, state }) => labels.alertname === name && state === 'firing')
  }

  /** The values of an instant query, by what it says. */
  async values(expression: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]> {
    const { result } = await this.ask<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(
      `query?query=${encodeURIComponent(expression)}`,
    )
    return result
  }

  async names(): Promise<string[]> {
    return this.ask<string[]>('label/__name__/values')
  }

  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.child.once('exit', resolve))
    this.child.kill('SIGTERM')
    await exited
  }

  private async ask<T>(path: string): Promise<T> {
    const response = await fetch(`${this.url}/api/v1/${path}`)
    const { status, data } = (await response.json()) as { status: string; data: T }
    if (status !== 'success') throw new Error(`Prometheus: ${path}: ${status}`)
    return data
  }
}
