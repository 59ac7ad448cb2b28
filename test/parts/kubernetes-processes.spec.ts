import { createPrivateKey } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connect, type HmsConnection } from '#libs/client'
import { SERVICES, type RunView } from '#libs/contracts'
import { headersOf, SOURCE_PREFIX } from '#libs/messaging'
import { uuidv7 } from '#libs/platform'
import { localSigner, signEvent } from '#libs/signing'
import { KubernetesInstallation } from '../support/kubernetes/installation.js'
import { documentsOf } from '../support/kubernetes/manifests.js'
import { TestPrometheus } from '../support/kubernetes/prometheus.js'
import { describeWith, lacksForPods, runTool } from '../support/kubernetes/tools.config.js'
import { policyFile } from '../support/policy-file.js'
import { freePort, ready, until } from '../support/processes.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const MONITORING = join(ROOT, 'k8s/components/monitoring')
/** Users, command lines, environment, volumes and probes of `overlays/prod`, run as they are. The order of the tests counts. */
const suite = (): void => {
  let installation: KubernetesInstallation
  let prometheus: TestPrometheus | undefined
  let bot: HmsConnection | undefined
  let operate: string

  beforeAll(async () => {
    const rendered = runTool('kustomize', ['build', 'k8s/overlays/prod'], { cwd: ROOT })
    expect(rendered.code, rendered.stderr).toBe(0)
    installation = new KubernetesInstallation(documentsOf(rendered.stdout))
    await installation.prepare()
  }, 300_000)
  afterAll(async () => {
    await bot?.close()
    await prometheus?.stop()
    await installation?.stop()
  }, 120_000)

  it('migrates as the role that owns the tables, grants the services what they need, and finds topics and ACLs as the catalogue has them', async () => {
    const migrated = await installation.runJob('hms-migrate')
    expect(migrated, migrated.output).toMatchObject({ code: 0 })
    await installation.grants()
    const compared = await installation.runJob('hms-topics')
    expect(compared, compared.output).toMatchObject({ code: 0, output: expect.stringContaining('The broker matches the catalogue.') })
  }, 300_000)

  it('starts every workload as its manifest defines it, until its own probes succeed', async () => {
    await installation.startAll()
    for (const pod of installation.all()) {
      expect(await pod.answers(pod.container.startupProbe), pod.name).toBe(true)
      expect(await pod.answers(pod.container.livenessProbe), pod.name).toBe(true)
    }
    expect((await fetch(`${installation.url}/readyz`)).status).toBe(200)
  }, 400_000)

  it('lets none of them be root, gain rights, or write to its image', () => {
    const wanted = { uid: 1000, groups: [1000], noNewPrivs: true, capabilities: 0n, rootIsReadOnly: true }
    expect(installation.all()).toHaveLength(SERVICES.length + 2)
    for (const pod of installation.all()) expect(pod.rights(), pod.name).toEqual(wanted)
  })

  it('approves a policy through the edge, down to a bot that checks all of it', async () => {
    operate = await tokenFor('operate')
    const known = async (verb: string): Promise<boolean> => (await installation.hms([verb, 'list', '--json'], operate)).code === 0
    await until('the key is known to approver and simulator', async () => (await known('runs')) && (await known('bots')))
    for (const verb of registered()) {
      const done = await installation.hms(verb, operate)
      expect(done, done.stderr).toMatchObject({ code: 0 })
    }
    const token = await tokenFor('bot:inspector-7')
    const answer = (): Promise<Response> => fetch(`${installation.url}/v1/policies`, { headers: { authorization: `Bearer ${token}` } })
    await until('the key of the bot is known to config-store', async () => (await answer()).status !== 401)
    const roster = installation.at('roster.json')
    bot = await connect({
      url: installation.url,
      bot: 'inspector-7',
      region: 'NCR',
      token,
      roster,
      cacheDir: installation.at('cache'),
      timeoutMs: 120_000,
    })
    expect(await approved(policyFile(installation.folder, '1.0.0', 35))).toMatchObject({ state: 'SUCCEEDED' })
    await until('the bot is under it', async () => (bot!.get('epa-pm25-limit') as { limit?: unknown } | undefined)?.limit === 35)
    expect(bot.explain('epa-pm25-limit')).toMatchObject({ version: '1.0.0', state: 'READY', trust: 'pinned' })
  }, 600_000)

  it('is scraped by a real Prometheus, which finds every metric that dashboard and rules name', async () => {
    const targets = installation.all().filter(({ name }) => [...SERVICES, 'edge', 'witness'].some((served) => name === `hms-${served}`))
    prometheus = await TestPrometheus.start(
      installation.at('prometheus'),
      await freePort(),
      join(MONITORING, 'alerts.yml'),
      targets.map(({ port }) => `127.0.0.1:${port}`),
    )
    await until('all are scraped', async () => (await prometheus!.values('up == 1')).length === SERVICES.length + 2)
    const pages = await Promise.all(targets.map(({ port }) => declaredAt(`http://127.0.0.1:${port}/metrics`)))
    const declared = new Set(pages.flat())
    const files = ['alerts.yml', 'dashboard.json'].map((name) => readFileSync(join(MONITORING, name), 'utf8'))
    const named = new Set(
      files.flatMap((text) => [...text.matchAll(/\bhms_svc_[a-z_]+/g)].map(([name]) => name.replace(/_(bucket|count)$/, ''))),
    )
    expect(named.size).toBeGreaterThanOrEqual(15)
    expect([...named].filter((name) => !declared.has(name))).toEqual([])
    await until('nothing is down', async () => (await prometheus!.firing('ServiceDown')).length === 0)
  }, 120_000)

  it('raises an alarm while a service is away, and lowers it when it is back', async () => {
    await installation.pod('linter').stop('SIGKILL')
    const linterIsDown = async (): Promise<boolean> =>
      (await prometheus!.firing('ServiceDown')).some(({ labels }) => labels['service'] === 'linter')
    await until('ServiceDown fires', linterIsDown)
    // The edge is still ready: reads do not need the linter.
    const edge = installation.pod('edge')
    expect(await edge.answers(edge.container.readinessProbe)).toBe(true)
    const again = installation.start('linter')
    await until('the linter is ready', () => again.answers(again.container.readinessProbe), 120_000)
    await until('ServiceDown is over', async () => !(await linterIsDown()))
  }, 300_000)

  it.each([
    ['witness', 'WitnessDown'],
    ['edge', 'EdgeDown'],
  ])(
    'raises an alarm while the %s is away, and lowers it when it is back',
    async (name, alert) => {
      const fires = async (): Promise<boolean> => (await prometheus!.firing(alert)).length > 0
      expect(await fires()).toBe(false)
      await installation.pod(name).stop('SIGKILL')
      await until(`${alert} fires`, fires)
      installation.start(name)
      await until(`${alert} is over`, async () => !(await fires()), 120_000)
      await until('the edge reaches every service', () => ready(installation.url), 120_000)
    },
    300_000,
  )

  it('raises an alarm for a dead letter, and lowers it when a person has ended it', async () => {
    await sendPoison()
    // Both services that read approvals give it up.
    await until('DlqNotEmpty fires', async () => (await prometheus!.firing('DlqNotEmpty')).length === 2)
    const alerts = await prometheus!.firing('DlqNotEmpty')
    expect(alerts.map(({ labels }) => [labels['group'], labels['topic']]).sort()).toEqual([
      ['linter', 'hms.approval.v1'],
      ['rollout', 'hms.approval.v1'],
    ])
    const listed = await installation.hms([...alerts[0]!.annotations['do']!.split(' ').slice(1), '--json'], operate)
    for (const { id } of JSON.parse(listed.stdout) as { id: string }[]) {
      const ended = await installation.hms(['dlq', 'discard', id, '--reason', 'a test'], operate)
      expect(ended, ended.stderr).toMatchObject({ code: 0 })
    }
    await until('DlqNotEmpty is over', async () => (await prometheus!.firing('DlqNotEmpty')).length === 0)
  }, 300_000)

  it('ends within its grace period when it is stopped', async () => {
    const codes = await Promise.all(installation.all().map(async (pod) => [pod.name, await pod.stop()]))
    expect(codes.filter(([, code]) => code !== 0)).toEqual([])
  }, 40_000)

  const tokenFor = async (scope: string): Promise<string> => {
    const made = await installation.hms(['tokens', 'create', '--scope', scope, '--sign', 'Air Director', '--json'])
    expect(made, made.stderr).toMatchObject({ code: 0 })
    return (JSON.parse(made.stdout) as { token: string }).token
  }

  /** By two officials and the author, who counts for nothing. */
  const approved = async (policy: string): Promise<RunView> => {
    let run: number | undefined
    for (const signer of ['Air Director', 'Air Office', 'Air Counsel']) {
      const argv = ['approve', policy, '--sign', signer, '--author', 'Air Office', '--observe', '1s', '--json']
      const signed = await installation.hms(argv, operate)
      expect(signed, signed.stderr).toMatchObject({ code: 0 })
      run = (JSON.parse(signed.stdout) as { run: number }).run
    }
    const watched = await installation.hms(['runs', 'watch', String(run), '--json', '--timeout', '110s'], operate)
    return JSON.parse(watched.stdout.trim().split('\n').at(-1)!) as RunView
  }

  const registered = (): string[][] => {
    const file = (name: string, content: string): string => {
      writeFileSync(installation.at(name), content)
      return installation.at(name)
    }
    const assets = join(ROOT, 'apps/demo/assets')
    return [
      ['bots', 'add', join(assets, 'bots/inspector.js'), '--id', 'inspector'],
      ['corpora', 'add', file('readings.csv', CORPUS), '--id', 'virginia-2023'],
      ['scenarios', 'add', join(assets, 'scenarios/pm25-violation.yaml')],
    ]
  }

  /** What approver signed and the linter cannot handle, as a fault of approver would bring it. */
  const sendPoison = async (): Promise<void> => {
    const producer = installation.kafkaAdmin().producer({ allowAutoTopicCreation: false })
    await producer.connect()
    const topic = 'hms.approval.v1'
    const head = { id: uuidv7(), source: `${SOURCE_PREFIX}approver`, type: 'hms.approval.approved.v1', topic, key: 'poison', keySeq: 1 }
    const signer = localSigner(createPrivateKey(readFileSync(installation.at('service-keys/approver.pem'))))
    const told = { ...head, time: new Date().toISOString() }
    const envelope = await signEvent({ ...told, data: {} }, signer)
    const messages = [{ key: 'poison', value: JSON.stringify(envelope), headers: headersOf({ ...told, value: null }) }]
    await producer.send({ topic, acks: -1, messages })
    await producer.disconnect()
  }
}
describeWith(['kustomize', 'prometheus'], 'the manifests of production, as processes', suite, lacksForPods())

const CORPUS = 'id,at,region,pm25\n1,2026-01-01T00:00:00Z,NCR,20\n2,2026-01-02T00:00:00Z,NCR,30\n3,2026-01-03T00:00:00Z,NCR,40\n'

/** Names on a page of metrics, those without a value yet too. */
async function declaredAt(url: string): Promise<string[]> {
  const text = await (await fetch(url)).text()
  return [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!)
}
