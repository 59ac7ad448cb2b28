import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EVENT_TOPICS, SERVICE_PATHS, SERVICE_PORTS, SERVICES, TOPICS, topicsConsumedBy } from '#libs/contracts'
import type { Subscription } from '#libs/messaging'
import { MemoryBus, MemoryOutboxStore, MemoryPositionStore } from '#libs/messaging/testing'
import { MemoryDatabase, MemoryTimerStore } from '#libs/persistence/testing'
import { Metrics, silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { Host, loadService } from '#libs/service'
import { testIdentity } from '../support/identity.js'
import { ROOT, sourcesOf } from './root.js'

const STAGE_TOPICS = ['hms.lint.v1', 'hms.simulation.v1', 'hms.canary.v1', 'hms.rollout.v1', 'hms.notification.v1']

describe('topic catalogue', () => {
  const names = TOPICS.map(({ name }) => name)

  it('names each topic once, with its version, its producer and its purpose', () => {
    expect(new Set(names).size).toBe(names.length)
    for (const topic of TOPICS) {
      expect(topic.name).toMatch(/^hms\.[a-z.]+\.v\d+$/)
      expect(topic.producers, topic.name).not.toEqual([])
      expect(topic.purpose, topic.name).not.toBe('')
      expect(topic.partitions, topic.name).toBeGreaterThan(0)
      for (const service of [...topic.producers, ...topic.consumers]) expect(SERVICES).toContain(service)
    }
  })

  it('has a topic for each type of event, and a type for each topic', () => {
    for (const [type, topic] of Object.entries(EVENT_TOPICS)) expect(names, type).toContain(topic)
    expect([...new Set(Object.values(EVENT_TOPICS))].toSorted()).toEqual(names.toSorted())
    for (const topic of STAGE_TOPICS) expect(names).toContain(topic)
  })

  it('gives every stage topic to audit, for all decisions are recorded', () => {
    for (const topic of STAGE_TOPICS) expect(topicsConsumedBy('audit').map(({ name }) => name)).toContain(topic)
  })
})

describe('all services together', () => {
  let system: Awaited<ReturnType<typeof startSystem>>
  beforeAll(async () => {
    system = await startSystem()
  })
  afterAll(() => system.host.stop())

  it('list in their AsyncAPI document every topic with its purpose and messages, and the dead letters of every service', async () => {
    const response = await fetch(`${system.url}/asyncapi.json`)
    const { channels } = (await response.json()) as { channels: Record<string, { description: string; messages?: Record<string, object> }> }
    for (const topic of TOPICS) expect(channels[topic.name]?.description, topic.name).toBe(topic.purpose)
    for (const [type, topic] of Object.entries(EVENT_TOPICS)) expect(Object.keys(channels[topic]?.messages ?? {})).toContain(type)
    expect(Object.keys(channels)).toHaveLength(TOPICS.length + SERVICES.length + 2)
  })

  it('find each of their routes in the OpenAPI document, and no other', async () => {
    const served = (await (await fetch(`${system.url}/openapi.json`)).json()) as { paths: Record<string, Record<string, object>> }
    const written = JSON.parse(readFileSync(join(ROOT, 'docs/openapi.json'), 'utf8')) as typeof served
    expect(served.paths).toEqual(written.paths)
  })

  it.each([...SERVICES])('%s reads its topics of the catalogue, and no others', (service) => {
    const mine = system.bus.subscriptions.filter(({ group }) => group.split('.')[0] === service)
    const read = mine.flatMap(({ topics }) => topics.map(({ name }) => name))
    expect(read.toSorted()).toEqual(
      topicsConsumedBy(service)
        .map(({ name }) => name)
        .toSorted(),
    )
  })
})

const sources = [...sourcesOf('apps', /\.tsx?$/), ...sourcesOf('libs', /\.ts$/)].filter(
  ({ path }) => !/\.(spec|suite)\.ts$|\/testing\//.test(path),
)

/** The files that docs/how-it-works.md names under "How do I add a kind of channel for partners?". */
describe('a kind of channel', () => {
  it('is named in eight files outside its own folder: agent2agent', () => {
    const naming = sources.filter(({ path, text }) => !path.startsWith('apps/notifier/src/channels/a2a/') && /\bagent2agent\b/.test(text))
    expect(naming.map(({ path }) => path).toSorted()).toEqual([
      'apps/cli/src/partners/partners.ts',
      'apps/notifier/src/channels/channels.module.ts',
      'apps/notifier/src/partners/channel.ts',
      'apps/notifier/src/partners/channels.dto.ts',
      'apps/notifier/src/partners/parse-partner.ts',
      'apps/notifier/src/registration/check-partner.ts',
      'apps/notifier/src/secrets/sealed-channels.ts',
      'libs/contracts/src/api/registries.ts',
    ])
  })
})

/** The files that docs/how-it-works.md names under "How do I add a stage?". */
describe('a stage', () => {
  const others = ['nest-cli.json', 'docker-compose.yml', 'k8s/base/kustomization.yaml'].map((path) => ({
    path,
    text: readFileSync(join(ROOT, path), 'utf8'),
  }))

  it('is known by five files outside its own folders: notifier', () => {
    const known = [...sources, ...others].filter(({ path, text }) => !path.startsWith('apps/notifier/') && /\bnotifier\b/.test(text))
    expect(known.map(({ path }) => path)).toEqual([
      'libs/contracts/src/services.ts',
      'libs/contracts/src/topics.ts',
      'nest-cli.json',
      'docker-compose.yml',
      'k8s/base/kustomization.yaml',
    ])
  })

  it('is named in five files outside its own folders: notify', () => {
    const own = /^(apps\/notifier|libs\/pipeline\/src\/notify)\//
    const speaking = sources.filter(
      ({ path, text }) => !own.test(path) && /'notify'|hms\.notification\.(started|completed|progressed)\b/.test(text),
    )
    expect(speaking.map(({ path }) => path).toSorted()).toEqual([
      'libs/contracts/src/events.ts',
      'libs/contracts/src/runs.ts',
      'libs/contracts/src/stage-words.ts',
      'libs/pipeline/src/run/evolve-run.ts',
      'libs/pipeline/src/run/run-deadline.ts',
    ])
  })

  it.each(['lint', 'simulate', 'canary', 'rollout', 'notify'])('%s has its decider, its specification and its diagram', (stage) => {
    for (const path of [`libs/pipeline/src/${stage}/decide.ts`, `libs/pipeline/src/${stage}/decide.spec.ts`, `docs/stages/${stage}.md`])
      expect(existsSync(join(ROOT, path)), path).toBe(true)
  })
})

describe('nest-cli.json', () => {
  const { projects } = JSON.parse(readFileSync(join(ROOT, 'nest-cli.json'), 'utf8')) as {
    projects: Record<string, { root: string; sourceRoot: string; entryFile: string; compilerOptions: { tsConfigPath: string } }>
  }

  it('has every program, and no other', () => {
    const programs = readdirSync(join(ROOT, 'apps'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(Object.keys(projects).toSorted()).toEqual(programs.map(({ name }) => name).toSorted())
  })

  it.each(Object.entries(projects))('has the entry file and the build of %s', (name, { root, sourceRoot, entryFile, compilerOptions }) => {
    expect([root, sourceRoot]).toEqual([`apps/${name}`, `apps/${name}/src`])
    for (const file of [`${entryFile}.ts`, compilerOptions.tsConfigPath]) expect(existsSync(join(ROOT, file)), file).toBe(true)
    // The same that `npm run build` compiles.
    expect(readFileSync(join(ROOT, 'apps/demo/bin/build.mjs'), 'utf8')).toContain(`'apps', 'tsconfig.build.json'`)
    expect(compilerOptions.tsConfigPath).toBe('apps/tsconfig.build.json')
  })
})

class RecordingBus extends MemoryBus {
  readonly subscriptions: Subscription[] = []

  override subscribe(subscription: Subscription): Promise<void> {
    this.subscriptions.push(subscription)
    return super.subscribe(subscription)
  }
}

async function startSystem() {
  const clock = new VirtualClock()
  const { roster, serviceSigner } = await testIdentity()
  const bus = new RecordingBus()
  const host = await Host.create(SERVICES, {
    profile: 'dev',
    environment: { HMS_SIMULATOR_RUNNER: 'inline' },
    clock,
    log: silentLogger,
    metrics: new Metrics(),
    roster,
    bus,
    signerOf: async (service) => serviceSigner(service),
    open: async () => ({
      database: new MemoryDatabase(clock),
      stores: { outbox: new MemoryOutboxStore(), positions: new MemoryPositionStore(), timers: new MemoryTimerStore() },
      coordination: { leadership: { tryLead: async () => true }, notify: () => {}, onNotification: () => {}, close: async () => {} },
      ready: async () => ({ database: true, migrations: true }),
    }),
    configStoreUrls: [],
    version: '0.0.0',
  })
  const port = await host.start({ host: '127.0.0.1', port: 0 })
  return { host, bus, url: `http://127.0.0.1:${port}` }
}

describe.each([...SERVICES])('%s', (service) => {
  const folder = join(ROOT, 'apps', service, 'src')

  it('has its module, under its own name', async () => {
    const definition = await loadService(service)
    expect(definition.name).toBe(service)
    expect(definition.migrations.length).toBeGreaterThan(0)
  })

  it('has a main of at most 15 lines', () => {
    const main = readFileSync(join(folder, 'main.ts'), 'utf8')
    expect(main.trimEnd().split('\n').length).toBeLessThanOrEqual(15)
    expect(main).toContain(`'${service}'`)
  })

  it('starts from one migration of its own tables', () => {
    const files = readdirSync(join(folder, 'migrations')).filter((name) => name.endsWith('.ts'))
    expect(files[0]).toBe(`1764000000000-create-${service}.ts`)
    for (const name of files) expect(name).toMatch(/^\d{13}-[a-z0-9-]+\.ts$/)
  })

  it('has a port and paths of its own', () => {
    expect(Object.values(SERVICE_PORTS).filter((port) => port === SERVICE_PORTS[service])).toHaveLength(1)
    const others = SERVICES.filter((name) => name !== service).flatMap((name) => SERVICE_PATHS[name])
    for (const path of SERVICE_PATHS[service]) expect(others).not.toContain(path)
  })

  it.each(['nest-cli.json', 'docker-compose.yml'])('stands in %s', (file) => {
    expect(existsSync(join(ROOT, file)), `${file} is missing`).toBe(true)
    expect(readFileSync(join(ROOT, file), 'utf8')).toMatch(new RegExp(`(^|[^a-z-])${service}([^a-z-]|$)`, 'm'))
  })
})
