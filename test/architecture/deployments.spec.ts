import { Ajv2020 } from 'ajv/dist/2020.js'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EDGE_PORT, SERVICE_PORTS, SERVICES, topicsConsumedBy, WITNESS_PORT, type ServiceName } from '#libs/contracts'
import { variableOf } from '#libs/process'
import { CUSTOM_GROUPS, customResourceSchema } from '../support/kubernetes/custom-resources.js'
import { externalSecrets } from '../support/kubernetes/external-secrets.js'
import { documentsOf, manifestFiles, readYaml, type Manifest, type Workload } from '../support/kubernetes/manifests.js'
import { ROOT } from './root.js'

interface Kustomization {
  resources: string[]
  configMapGenerator: { name: string; literals: string[] }[]
}
interface Compose {
  services: Record<
    string,
    { command: string[]; environment: Record<string, unknown>; healthcheck?: { test: string[] }; build?: { dockerfile: string } }
  >
}

const PORTS: Record<string, number> = { ...SERVICE_PORTS, edge: EDGE_PORT, witness: WITNESS_PORT }
const SERVED = [...SERVICES, 'edge' as const]
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const compose = readYaml<Compose>('docker-compose.yml')
const base = readYaml<Kustomization>('k8s/base/kustomization.yaml')
const environment = Object.fromEntries(
  base.configMapGenerator.find(({ name }) => name === 'hms-environment')!.literals.map((line) => splitAt(line, '=')),
)
const files = manifestFiles()
const all = files.flatMap(({ documents }) => documents)

describe('nest-cli.json, docker-compose.yml, k8s and the catalogue agree', () => {
  it('on what there is to run', () => {
    const folders = readdirSync(join(ROOT, 'k8s/base'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    const programs = [...SERVED, 'witness', 'migrate', 'topics']
    expect(folders.map(({ name }) => name).toSorted()).toEqual([...programs, 'network', 'workload'].toSorted())
    expect(base.resources.toSorted()).toEqual([...programs, 'namespace.yaml', 'network'].toSorted())
    expect(Object.keys(compose.services)).toEqual(expect.arrayContaining([...SERVED, 'migrate', 'topics']))
    const { projects } = JSON.parse(read('nest-cli.json')) as { projects: Record<string, object> }
    expect(Object.keys(projects)).toEqual(expect.arrayContaining([...SERVED, 'witness']))
  })

  it.each(SERVED)('on command and port of %s', (name) => {
    const { args, ports } = readYaml<Workload>(`k8s/base/${name}/deployment.yaml`).spec.template.spec.containers[0]!
    expect(args).toEqual(['serve', name])
    expect(compose.services[name]!.command).toEqual(args)
    expect(ports).toEqual([{ name: 'http', containerPort: PORTS[name] }])
    const service = readYaml<{ spec: { ports: { port: number; targetPort: string }[] } }>(`k8s/base/${name}/service.yaml`)
    expect(service.spec.ports.map(({ port, targetPort }) => [port, targetPort])).toEqual([[PORTS[name], 'http']])
    expect(compose.services[name]!.healthcheck!.test.join(' ')).toContain(`http://127.0.0.1:${PORTS[name]}/readyz`)
  })

  it('on port and command of the witness', () => {
    const { args, ports } = readYaml<Workload>('k8s/base/witness/stateful-set.yaml').spec.template.spec.containers[0]!
    expect([args, ports]).toEqual([['serve', 'witness'], [{ name: 'http', containerPort: WITNESS_PORT }]])
    expect(environment['HMS_AUDIT_WITNESS_URLS']).toBe(`http://hms-witness:${WITNESS_PORT}`)
  })

  it.each([...SERVICES])('on where edge and peers find %s', (service) => {
    expect(environment[variableOf(service, 'URLS')]).toBe(`http://hms-${service}:${PORTS[service]}`)
    expect(compose.services['edge']!.environment[variableOf(service, 'URLS')]).toBe(`http://${service}:${PORTS[service]}`)
  })

  it('on the variables that there are: each is in the reference', () => {
    const reference = read('docs/reference/environment.md')
    const documented = (name: string): boolean =>
      reference.includes(`\`${name}\``) ||
      SERVICES.some((service) => reference.includes(`\`${name.replace(variableOf(service, ''), 'HMS_<SERVICE>_')}\``))
    const named = [...texts(all), ...Object.keys(environment)].filter((text) => /^HMS_[A-Z_]+$/.test(text))
    const inCompose = Object.values(compose.services).flatMap((service) => Object.keys(service.environment ?? {}))
    const names = new Set([...named, ...inCompose.filter((name) => name.startsWith('HMS_'))])
    expect(names.size).toBeGreaterThan(20)
    expect([...names].filter((name) => !documented(name))).toEqual([])
  })

  it.each(['config-store', 'edge'])('on the number of streams that the memory of %s can hold: twice its limit', (name) => {
    const [, perStream, atRest] = /^\| memory that is reckoned for an open stream · .*? \| (\d+) KiB · (\d+) MiB /m.exec(
      read('docs/reference/bounds.md'),
    )!
    const { env, resources } = readYaml<Workload>(`k8s/base/${name}/deployment.yaml`).spec.template.spec.containers[0]!
    const connections = Number(env!.find((variable) => variable.name === 'HMS_HTTP_CONNECTIONS')!.value)
    const [, size, unit] = /^(\d+)([MG])i$/.exec(resources!.limits['memory']!)!
    const limit = Number(size) * (unit === 'G' ? 1024 : 1) * 1024
    expect(connections).toBeGreaterThan(0)
    expect(Number(atRest) * 1024 + 2 * connections * Number(perStream)).toBeLessThanOrEqual(limit)
  })

  it('on what the README starts by hand', () => {
    const loop = /^for service in (.+); do npx hms-svc serve \$service & done$/m.exec(read('README.md'))
    expect(loop![1]!.split(' ')).toEqual([...SERVICES])
    expect(read('README.md')).toContain(`npx hms-svc serve edge         # http://127.0.0.1:${EDGE_PORT}`)
  })

  it('on the image: one Dockerfile, a Node that the package takes, one user', () => {
    const dockerfile = read('k8s/Dockerfile')
    expect(/^ARG NODE=node:(\d+)-slim$/m.exec(dockerfile)![1]).toBe('24')
    expect(compose.services['migrate']!.build!.dockerfile).toBe('k8s/Dockerfile')
    const { securityContext } = readYaml<Workload>('k8s/base/workload/deployment.yaml').spec.template.spec
    expect(dockerfile).toContain(`\nUSER ${String(securityContext!['runAsUser'])}:${String(securityContext!['runAsGroup'])}\n`)
  })
})

describe('what only some installations have', () => {
  const custom = files.flatMap(({ path, documents }) =>
    documents.filter(({ apiVersion }) => CUSTOM_GROUPS.has(apiVersion.split('/')[0]!)).map((document) => ({ path, document })),
  )

  it('matches the schemas of its operators', () => {
    const ajv = new Ajv2020({ strict: true, allErrors: true })
    const kinds = new Set(custom.map(({ document }) => document.kind))
    expect(kinds.size).toBeGreaterThanOrEqual(8)
    const compiled = new Map<string, ReturnType<typeof ajv.compile>>()
    const faults = custom.flatMap(({ path, document }) => {
      const schema = customResourceSchema(document.apiVersion, document.kind)
      if (schema === undefined) return [`${path}: no schema for ${document.apiVersion} ${document.kind}`]
      const validate = compiled.get(document.kind) ?? ajv.compile(schema)
      compiled.set(document.kind, validate)
      return validate(document) ? [] : [`${path} ${document.metadata.name}: ${ajv.errorsText(validate.errors)}`]
    })
    expect(faults).toEqual([])
  })

  it('refuses what is misspelt', () => {
    const [topic] = custom.filter(({ document }) => document.kind === 'KafkaTopic')
    const validate = new Ajv2020().compile(customResourceSchema('kafka.strimzi.io/v1', 'KafkaTopic')!)
    expect(validate({ ...topic!.document, spec: { partitions: 12, replica: 3 } })).toBe(false)
  })

  it('scales each stage by a topic that it reads, never below one instance', () => {
    const scaled = custom.filter(({ document }) => document.kind === 'ScaledObject').map(({ document }) => document as unknown as Scaled)
    const stages = ['linter', 'simulator', 'canary-controller', 'rollout', 'notifier'] satisfies ServiceName[]
    expect(scaled.map(({ metadata }) => metadata.name).toSorted()).toEqual(stages.map((name) => `hms-${name}`).toSorted())
    for (const { metadata, spec } of scaled) {
      const service = metadata.name.replace('hms-', '') as ServiceName
      expect(spec.scaleTargetRef.name).toBe(metadata.name)
      expect(spec.minReplicaCount, service).toBeGreaterThanOrEqual(1)
      for (const { metadata: trigger } of spec.triggers) {
        const topic = topicsConsumedBy(service).find(({ name }) => name === trigger.topic)
        expect(trigger.consumerGroup, service).toBe(service)
        expect(topic?.partitions, trigger.topic).toBeGreaterThanOrEqual(spec.maxReplicaCount)
      }
    }
  })

  it('has a role of the database for each service', () => {
    const cluster = all.find(({ kind }) => kind === 'Cluster') as unknown as {
      spec: { managed: { roles: { name: string; passwordSecret: { name: string } }[] } }
    }
    expect(cluster.spec.managed.roles.map(({ name, passwordSecret }) => [name, passwordSecret.name])).toEqual(
      ['migrate', ...SERVICES].map((name) => [`hms_${name.replaceAll('-', '_')}`, `hms-${name}-database`]),
    )
  })

  it('makes every Secret that the base names', () => {
    const kafkaUsers = all.filter(({ kind }) => kind === 'KafkaUser').map(({ metadata }) => metadata.name)
    const certificates = ['hms-kafka-cluster-ca-cert', 'hms-postgres-ca']
    const made = new Set([...kafkaUsers, ...certificates, ...externalSecrets().map((secret) => (secret as Manifest).metadata.name)])
    const inBase = files.filter(({ path }) => path.startsWith('k8s/base/')).map(({ path }) => read(path))
    const named = inBase.flatMap((text) => [...text.matchAll(/(?:secretName|secretKeyRef: \{ name): ([a-z-]+)/g)].map(([, name]) => name!))
    expect(named.length).toBeGreaterThan(30)
    expect([...new Set(named)].filter((name) => !made.has(name))).toEqual([])
  })
})

interface Scaled {
  metadata: { name: string }
  spec: {
    scaleTargetRef: { name: string }
    minReplicaCount: number
    maxReplicaCount: number
    triggers: { metadata: { topic: string; consumerGroup: string } }[]
  }
}

/** Every text anywhere in these values. */
function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(texts)
}

function splitAt(line: string, mark: string): [string, string] {
  const at = line.indexOf(mark)
  return [line.slice(0, at), line.slice(at + 1)]
}

describe('files that kustomize reads', () => {
  it('are all there, and none is left over', () => {
    const folders = [...new Set(files.map(({ path }) => path.slice(0, path.lastIndexOf('/'))))]
    const listed = folders.flatMap((folder) => {
      if (!existsSync(join(ROOT, folder, 'kustomization.yaml'))) return []
      const { resources = [], patches = [] } = documentsOf(read(`${folder}/kustomization.yaml`))[0] as unknown as {
        resources?: string[]
        patches?: { path?: string }[]
      }
      return [...resources, ...patches.flatMap(({ path }) => (path === undefined ? [] : [path]))].map((name) => `${folder}/${name}`)
    })
    expect(files.map(({ path }) => path).filter((path) => !listed.includes(path))).toEqual([])
  })
})
