import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { SERVICE_PATHS, SERVICES, TOPICS } from '#libs/contracts'
import { PAGES } from '../../apps/console/src/pages.js'
import { documentsOf, isWorkload, type Container, type Manifest, type PodSpec, type Workload } from '../support/kubernetes/manifests.js'
import { describeWith, runTool } from '../support/kubernetes/tools.config.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const KUBERNETES = '1.37.0'
/** What kubernetes-validate has schemas for. It passes over kinds that it does not know, so it gets none. */
const BUILT_IN = ['v1', 'apps/v1', 'batch/v1', 'policy/v1', 'networking.k8s.io/v1']
/** A topic each, and the dead letters of each service. */
const TOPIC_DOCUMENTS = TOPICS.length + SERVICES.length
const OURS = [...SERVICES, 'edge', 'witness']

const scratch = mkdtempSync(join(tmpdir(), 'hms-kustomize-'))
afterAll(() => rmSync(scratch, { recursive: true }))

/** An overlay of the base with these components, as an operator would write it. */
function overlayWith(components: readonly string[]): string {
  const folder = mkdtempSync(join(scratch, 'overlay-'))
  const at = (path: string): string => relative(folder, join(ROOT, 'k8s', path))
  const listed = components.map((name) => `  - ${at(`components/${name}`)}\n`).join('')
  writeFileSync(
    join(folder, 'kustomization.yaml'),
    `namespace: hms-svc\nresources: [${at('base')}]\n${listed === '' ? '' : `components:\n${listed}`}`,
  )
  return folder
}

const VARIANTS: [name: string, folder: () => string, counts: { builtIn: number; custom: number }][] = [
  ['overlays/dev', () => 'k8s/overlays/dev', { builtIn: 71, custom: 0 }],
  ['overlays/prod', () => 'k8s/overlays/prod', { builtIn: 76, custom: 41 + TOPIC_DOCUMENTS }],
  ['overlays/witness', () => 'k8s/overlays/witness', { builtIn: 9, custom: 0 }],
  ['base with witness-elsewhere', () => overlayWith(['witness-elsewhere']), { builtIn: 58, custom: 0 }],
  ['base alone', () => 'k8s/base', { builtIn: 63, custom: 0 }],
  ['base with strimzi', () => overlayWith(['strimzi']), { builtIn: 64, custom: 12 + TOPIC_DOCUMENTS }],
  ['base with cloudnative-pg', () => overlayWith(['cloudnative-pg']), { builtIn: 67, custom: 1 }],
  ['base with keda', () => overlayWith(['keda']), { builtIn: 65, custom: 6 }],
  ['base with monitoring', () => overlayWith(['monitoring']), { builtIn: 65, custom: 2 }],
  ['base with ingress', () => overlayWith(['ingress']), { builtIn: 64, custom: 0 }],
  ['base with gateway', () => overlayWith(['gateway']), { builtIn: 64, custom: 1 }],
  ['base with ingress and console', () => overlayWith(['ingress', 'console']), { builtIn: 65, custom: 0 }],
  ['base with kafka-managed', () => overlayWith(['kafka-managed']), { builtIn: 64, custom: 0 }],
  ['base with external-secrets', () => overlayWith(['external-secrets']), { builtIn: 63, custom: 20 }],
]

describeWith(['kustomize', 'kubernetes-validate', 'check-jsonschema'], 'the manifests', () => {
  const rendered = new Map<string, Manifest[]>()
  const of = (name: string): Manifest[] => rendered.get(name)!
  const workloads = (name: string): Workload[] => of(name).filter(isWorkload)
  const own = (name: string): Workload[] =>
    workloads(name).filter(({ spec }) => OURS.includes(spec.template.metadata.labels['app.kubernetes.io/component'] ?? ''))

  const byHand = (name: string): { name: string; suspend: unknown; pod: Workload['spec']['template'] }[] =>
    of(name)
      .filter(({ kind }) => kind === 'CronJob')
      .map(({ metadata, spec }) => {
        const { suspend, jobTemplate } = spec as unknown as { suspend: unknown; jobTemplate: Pick<Workload, 'spec'> }
        return { name: metadata.name, suspend, pod: jobTemplate.spec.template }
      })
      .toSorted((one, other) => (one.name < other.name ? -1 : 1))

  beforeAll(() => {
    for (const [name, folder] of VARIANTS) {
      const built = runTool('kustomize', ['build', folder()], { cwd: ROOT })
      expect(built.code, `${name}: ${built.stderr}`).toBe(0)
      expect(built.stderr, name).toBe('')
      rendered.set(name, documentsOf(built.stdout))
    }
  }, 600_000)

  it.each(VARIANTS)('%s are as many as they should be, and as Kubernetes takes them', (name, _folder, counts) => {
    const documents = of(name)
    const builtIn = documents.filter(({ apiVersion }) => BUILT_IN.includes(apiVersion))
    expect({ builtIn: builtIn.length, custom: documents.length - builtIn.length }).toEqual(counts)
    const file = join(scratch, `${name.replaceAll(/\W/g, '-')}.json`)
    for (const document of builtIn) writeFileSync(file, `---\n${JSON.stringify(document)}\n`, { flag: 'a' })
    const judged = runTool('kubernetes-validate', ['--strict', '-k', KUBERNETES, file])
    expect(judged.code, judged.stderr).toBe(0)
    expect(`${judged.stdout}${judged.stderr}`.match(/ passed for resource /g)).toHaveLength(counts.builtIn)
  })

  it('turn red where a field is misspelt', () => {
    const file = join(scratch, 'misspelt.json')
    writeFileSync(file, JSON.stringify(own('base alone')[0]).replace('"readinessProbe"', '"readynessProbe"'))
    expect(runTool('kubernetes-validate', ['--strict', '-k', KUBERNETES, file]).code).not.toBe(0)
  })

  it('name everything once, and refer to nothing that is not there', () => {
    for (const [name] of VARIANTS) {
      const ids = of(name).map(({ kind, metadata }) => `${kind} ${metadata.name}`)
      expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([])
      const configMaps = texts(of(name)).filter((text) => /^hms-(environment|backends|postgres-grants)-/.test(text))
      for (const text of configMaps) expect(ids, name).toContain(`ConfigMap ${text}`)
      for (const { spec } of workloads(name)) {
        const account = spec.template.spec.serviceAccountName
        if (account !== undefined) expect(ids, name).toContain(`ServiceAccount ${account}`)
      }
    }
  })

  it.each(['overlays/dev', 'overlays/prod'])(
    '%s run every service, the edge and the witness, two Jobs, and no container without limits',
    (name) => {
      expect(
        own(name)
          .map(({ metadata }) => metadata.name)
          .toSorted(),
      ).toEqual(OURS.map((each) => `hms-${each}`).toSorted())
      for (const each of OURS) {
        const label = (labels?: Record<string, string>): boolean => labels?.['app.kubernetes.io/component'] === each
        for (const kind of ['Service', 'PodDisruptionBudget', 'NetworkPolicy', 'ServiceAccount'])
          expect(
            of(name).filter((document) => document.kind === kind && label(document.metadata.labels)),
            `${each}: ${kind}`,
          ).toHaveLength(1)
      }
      expect(
        of(name)
          .filter(({ kind }) => kind === 'Job')
          .map(({ metadata }) => metadata.name),
      ).toEqual(expect.arrayContaining(['hms-migrate', 'hms-topics']))
      for (const { metadata, spec } of workloads(name)) expect(faultsOf(spec.template.spec), metadata.name).toEqual([])
      for (const { name: job, pod } of byHand(name)) expect(faultsOf(pod.spec), job).toEqual([])
    },
  )

  it.each(['overlays/dev', 'overlays/prod'])('%s contain jobs that people start: like `migrate`, and never automatically', (name) => {
    const migrate = of(name).find(({ kind, metadata }) => kind === 'Job' && metadata.name === 'hms-migrate') as Workload
    const { args: _args, ...box } = migrate.spec.template.spec.containers[0]!
    const jobs = byHand(name)
    expect(jobs.map(({ name: job, pod }) => [job, pod.spec.containers[0]!.args])).toEqual([
      ['hms-recover', ['recover']],
      ['hms-republish', ['topics', 'republish', '--since', '2h']],
    ])
    for (const { suspend, pod } of jobs) {
      expect([suspend, pod.metadata.labels]).toEqual([true, migrate.spec.template.metadata.labels])
      const { args: _own, volumeMounts, ...rest } = pod.spec.containers[0]!
      expect(rest).toEqual(Object.fromEntries(Object.entries(box).filter(([key]) => key !== 'volumeMounts')))
      expect(volumeMounts!.map(({ mountPath }) => mountPath)).toEqual(box.volumeMounts!.map(({ mountPath }) => mountPath))
      expect(pod.spec.serviceAccountName).toBe('hms-migrate')
    }
    const restore = readFileSync(join(ROOT, 'docs/how-to/restore.md'), 'utf8')
    expect(restore).toContain('--from=cronjob/hms-recover\n')
  })

  it('link each alert to its page at the host of the Ingress, and open the console there', () => {
    const named = (kind: string) => of('overlays/prod').find((document) => document.kind === kind)!.spec as unknown
    const [{ host }] = (named('Ingress') as { rules: [{ host: string }] }).rules
    const { groups } = named('PrometheusRule') as { groups: { rules: { annotations: { runbook_url: string } }[] }[] }
    const urls = groups.flatMap(({ rules }) => rules.map(({ annotations }) => annotations.runbook_url))
    expect(urls.length).toBeGreaterThan(10)
    expect(urls.filter((url) => !url.startsWith(`https://${host}/docs/how-to/alerts/`))).toEqual([])
    expect(consoleHosts('overlays/prod')).toBe(host)
    const environment = of('overlays/prod').find(({ metadata }) => metadata.name.startsWith('hms-environment-'))!.data!
    expect(environment['HMS_NOTIFIER_PUBLIC_URL']).toBe(`https://${host}`)
  })

  const consoleHosts = (variant: string): unknown => {
    const { spec } = workloads(variant).find(({ metadata }) => metadata.name === 'hms-edge')!
    const { env } = spec.template.spec.containers[0] as unknown as { env: { name: string; value?: string }[] }
    return env.find(({ name }) => name === 'HMS_CONSOLE_HOSTS')?.value
  }

  it('open the console under the host of the Ingress alone', () => {
    const { spec } = of('base with ingress and console').find(({ kind, metadata }) => kind === 'Ingress' && metadata.name === 'hms-edge')!
    const [{ host }] = (spec as unknown as { rules: [{ host: string }] }).rules
    expect(consoleHosts('base with ingress and console')).toBe(host)
    expect(consoleHosts('base with ingress')).toBeUndefined()
  })

  it('send every page through the login where the console reads with a key, and programs past it', () => {
    const ingress = (name: string): Manifest =>
      of('base with ingress and console').find(({ kind, metadata }) => kind === 'Ingress' && metadata.name === name)!
    const logins = ['auth-url', 'auth-signin'].map((name) => `nginx.ingress.kubernetes.io/${name}`)
    expect(Object.keys(ingress('hms-edge').metadata.annotations!)).toEqual(expect.arrayContaining(logins))
    const [{ http }] = ingress('hms-edge-open').spec!['rules'] as [{ http: { paths: { path: string; pathType: string }[] } }]
    const isOpen = (asked: string): boolean =>
      http.paths.some(({ path, pathType }) => asked === path || (pathType === 'Prefix' && asked.startsWith(`${path}/`)))
    expect(Object.values(SERVICE_PATHS).flatMap((paths) => paths.filter((path) => !isOpen(path)))).toEqual([])
    const pages = [...PAGES.map(({ path }) => path), '/console/live', '/console/pane-frame', '/audit/export', '/metrics']
    expect(pages.filter(isOpen)).toEqual(PAGES.filter(({ open }) => open === true).map(({ path }) => path))
  })

  it('lead streams by the Gateway API to config-store, and all else to the edge, by ports that there are', () => {
    const name = 'base with gateway'
    const { rules } = of(name).find(({ kind }) => kind === 'HTTPRoute')!.spec as unknown as {
      rules: { matches: { path: { value: string } }[]; backendRefs: { name: string; port: number }[]; timeouts: { request: string } }[]
    }
    const led = rules.flatMap(({ matches, backendRefs, timeouts }) =>
      matches.map(({ path }) => [path.value, `${backendRefs[0]!.name}:${backendRefs[0]!.port}`, timeouts.request]),
    )
    expect(led).toEqual([
      ['/v1/stream', 'hms-config-store:7107', '0s'],
      ['/v1/events', 'hms-config-store:7107', '0s'],
      ['/', 'hms-edge:7184', '0s'],
    ])
    expect(SERVICE_PATHS['config-store']).toEqual(expect.arrayContaining(['/v1/stream', '/v1/events']))
    for (const { backendRefs } of rules) {
      const [{ name: backend, port }] = backendRefs as [{ name: string; port: number }]
      const service = of(name).find(({ kind, metadata }) => kind === 'Service' && metadata.name === backend)!
      expect((service.spec as unknown as { ports: { port: number }[] }).ports.map((each) => each.port)).toEqual([port])
    }
    const { ingress } = of(name).find(({ metadata }) => metadata.name === 'hms-config-store-from-gateway')!.spec as { ingress: object[] }
    expect(ingress).toMatchObject([{ from: [{ namespaceSelector: { matchLabels: { 'hms-svc/clients': 'allowed' } } }] }])
  })

  it('name a headless Service in the StatefulSet of the witness, and give no CronJob a start after its time', () => {
    const { serviceName } = workloads('base alone').find(({ kind }) => kind === 'StatefulSet')!.spec as unknown as { serviceName: string }
    const service = of('base alone').find(({ kind, metadata }) => kind === 'Service' && metadata.name === serviceName)!
    expect(service.spec).toMatchObject({ clusterIP: 'None' })
    for (const { spec } of of('base alone').filter(({ kind }) => kind === 'CronJob'))
      expect(spec).toMatchObject({ startingDeadlineSeconds: expect.any(Number) as number })
  })

  it('give passwords of the database as files alone', () => {
    const pods = [...own('overlays/prod').map(({ spec }) => spec.template), ...byHand('overlays/prod').map(({ pod }) => pod)]
    expect(texts(pods).filter((text) => text.startsWith('postgres://'))).toEqual(
      Array(10).fill('postgres://$(DATABASE_USER)@$(DATABASE_ADDRESS)'),
    )
    expect(texts(pods).filter((text) => text === '/etc/hms/database/password')).toHaveLength(10)
  })

  it.each(['overlays/dev', 'overlays/prod'])('%s probe each process for start, readiness and liveness, and let it drain', (name) => {
    for (const { metadata, spec } of own(name)) {
      const { terminationGracePeriodSeconds, containers } = spec.template.spec
      const [box] = containers
      const paths = [box!.startupProbe, box!.readinessProbe, box!.livenessProbe].map((probe) => probe?.httpGet)
      const ready = metadata.name === 'hms-edge' ? '/livez' : '/readyz'
      expect(paths, metadata.name).toEqual(['/livez', ready, '/livez'].map((path) => ({ path, port: 'http' })))
      if (metadata.name === 'hms-witness') continue
      expect(box!.lifecycle?.preStop.sleep.seconds, metadata.name).toBeGreaterThanOrEqual(5)
      expect(terminationGracePeriodSeconds, metadata.name).toBeGreaterThanOrEqual(30)
      expect(spec.template.spec.topologySpreadConstraints?.map(({ topologyKey }) => topologyKey)).toEqual([
        'kubernetes.io/hostname',
        'topology.kubernetes.io/zone',
      ])
    }
  })

  it('deny what no policy names', () => {
    for (const [name] of VARIANTS) {
      const deny = of(name).find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'hms-default-deny')
      expect(deny?.spec, name).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
      expect(of(name)[0]).toMatchObject({ kind: 'Namespace', metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } })
    }
  })

  it.each([
    ['hms-to-collector', 'hms-svc/collector', [4318], [...SERVICES, 'edge']],
    ['hms-to-prometheus', 'hms-svc/prometheus', [9090], ['canary-controller']],
    ['hms-to-relay', 'hms-svc/relay', [25, 465, 587], ['notifier']],
  ] as const)('open %s for a namespace with its label alone, and the page names both', (name, label, ports, pods) => {
    const { podSelector, policyTypes, egress } = of('overlays/prod').find(({ metadata }) => metadata.name === name)!.spec as {
      podSelector: { matchLabels: Record<string, string>; matchExpressions?: { key: string; operator: 'NotIn'; values: string[] }[] }
      policyTypes: string[]
      egress: { to: object[]; ports: { port: number }[] }[]
    }
    expect([policyTypes, egress.map(({ to }) => to)]).toEqual([
      ['Egress'],
      [[{ namespaceSelector: { matchLabels: { [label]: 'allowed' } } }]],
    ])
    expect(egress[0]!.ports.map(({ port }) => port)).toEqual(ports)
    const isChosen = (labels: Record<string, string>): boolean =>
      Object.entries(podSelector.matchLabels).every(([key, value]) => labels[key] === value) &&
      (podSelector.matchExpressions ?? []).every(({ key, values }) => !values.includes(labels[key]!))
    const chosen = workloads('overlays/prod').filter(({ spec }) => isChosen(spec.template.metadata.labels))
    expect(chosen.map(({ metadata }) => metadata.name).toSorted()).toEqual(pods.map((pod) => `hms-${pod}`).toSorted())
    const page = readFileSync(join(ROOT, 'docs/how-to/deploy-kubernetes.md'), 'utf8')
    expect(page).toMatch(new RegExp(`^\\| .*\`${name}\`.*\`${label}=allowed\``, 'm'))
  })

  it('have a witness that another operator can run alone, without names of missing resources', () => {
    const name = 'overlays/witness'
    const [witness, ...others] = workloads(name)
    expect([witness!.metadata.name, others]).toEqual(['hms-witness', []])
    expect(faultsOf(witness!.spec.template.spec)).toEqual([])
    const [box] = witness!.spec.template.spec.containers
    expect(box!.image).toMatch(/^registry\.example\.org\/hms-svc:/)
    const namespaces = of(name).map(({ kind, metadata }) => (kind === 'Namespace' ? metadata.name : metadata.namespace))
    expect(new Set(namespaces)).toEqual(new Set(['hms-witness']))
    const environment = of(name).find(({ metadata }) => metadata.name === box!.envFrom![0]!.configMapRef.name)!.data
    expect(environment).toMatchObject({ HMS_PROFILE: 'production', HMS_HOST: '0.0.0.0' })
    const page = readFileSync(join(ROOT, 'docs/how-to/deploy-kubernetes.md'), 'utf8')
    for (const { secret, configMap } of witness!.spec.template.spec.volumes!)
      expect(page).toMatch(new RegExp(`kubectl -n hms-witness create (secret generic|configmap) ${secret?.secretName ?? configMap!.name} `))
    const named = (kind: string) => of(name).find((document) => document.kind === kind && document.metadata.name === 'hms-witness')!.spec!
    expect(named('NetworkPolicy')['ingress']).toMatchObject([
      { from: [{ namespaceSelector: { matchLabels: { 'hms-svc/clients': 'allowed' } } }] },
    ])
    const paths = texts(named('Ingress'))
    expect(paths).toContain('/add-checkpoint')
    expect(paths).not.toContain('/')
  })

  it('let audit use a witness elsewhere, by HTTPS, and then run none', () => {
    const name = 'base with witness-elsewhere'
    expect(of(name).filter(({ metadata }) => metadata.name === 'hms-witness')).toEqual([])
    const { egress } = of(name).find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'hms-audit')!.spec as {
      egress: { to: { ipBlock?: { cidr: string } }[]; ports: object[] }[]
    }
    const outside = egress.find(({ to }) => to.some(({ ipBlock }) => ipBlock?.cidr === '0.0.0.0/0'))
    expect(outside?.ports).toEqual([{ protocol: 'TCP', port: 443 }])
    const environment = of(name).find(({ metadata }) => metadata.name.startsWith('hms-environment-'))!.data!
    expect(environment['HMS_AUDIT_WITNESS_URLS']).toMatch(/^https:/)
    expect(environment['HMS_PROFILE']).toBe('production')
  })

  it('let every process that opens a managed Kafka log in by a file of its own Secret, and reach brokers and token endpoint', () => {
    const name = 'base with kafka-managed'
    const onKafka = (variant: string): Workload[] =>
      workloads(variant).filter(({ spec }) => texts(spec.template.spec.volumes).includes('hms-kafka-cluster-ca-cert'))
    expect(onKafka(name).map(({ metadata }) => metadata.name)).toEqual(onKafka('base alone').map(({ metadata }) => metadata.name))
    expect(onKafka(name)).toHaveLength(SERVICES.length + 1)
    for (const { metadata, spec } of onKafka(name)) {
      const [box] = spec.template.spec.containers as unknown as { env: { name: string; value?: string }[]; volumeMounts: object[] }[]
      const kafka = box!.env.filter((each) => each.name.includes('KAFKA')).map((each) => [each.name, each.value])
      expect(kafka.toSorted(), metadata.name).toEqual([
        ['HMS_KAFKA_CA', '/etc/hms/kafka-ca/ca.crt'],
        ['HMS_KAFKA_SASL_FILE', '/etc/hms/kafka/sasl'],
      ])
      expect(box!.volumeMounts, metadata.name).toContainEqual({ name: 'kafka-login', mountPath: '/etc/hms/kafka', readOnly: true })
      const login = { secretName: metadata.name, items: [{ key: 'sasl', path: 'sasl' }], defaultMode: 0o440 }
      expect(spec.template.spec.volumes, metadata.name).toContainEqual({ name: 'kafka-login', secret: login })
    }
    const ports = (policy: string): unknown[] => {
      const { egress } = of(name).find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === policy)!.spec as {
        egress: { to: { ipBlock: { cidr: string } }[]; ports: object[] }[]
      }
      return egress.map((each) => [each.to.map(({ ipBlock }) => ipBlock.cidr), each.ports])
    }
    const anywhere = ['0.0.0.0/0', '::/0']
    expect(ports('hms-to-kafka')).toEqual([[anywhere, [{ protocol: 'TCP', port: 9092, endPort: 9097 }]]])
    expect(ports('hms-to-token-endpoint')).toEqual([[anywhere, [{ protocol: 'TCP', port: 443 }]]])
    const page = readFileSync(join(ROOT, 'docs/how-to/kafka-managed.md'), 'utf8')
    expect(page).toContain('components/kafka-managed')
  })

  it('leave the number of instances to KEDA where it is installed, and set it where it is not', () => {
    const replicas = (name: string): unknown[] => own(name).map(({ metadata, spec }) => [metadata.name, spec.replicas])
    const scaled = of('overlays/prod')
      .filter(({ kind }) => kind === 'ScaledObject')
      .map(({ metadata }) => metadata.name)
    expect(scaled).toHaveLength(5)
    for (const name of scaled) {
      expect(replicas('overlays/prod')).toContainEqual([name, undefined])
      expect(replicas('base alone')).toContainEqual([name, 2])
    }
  })

  it('do not hide that Docker Compose would refuse its file', () => {
    const check = (input: string): number =>
      runTool('check-jsonschema', ['--builtin-schema', 'vendor.compose-spec', input], { cwd: ROOT }).code
    expect(check('docker-compose.yml')).toBe(0)
    const file = join(scratch, 'compose.yml')
    writeFileSync(file, 'services: { edge: { image: x, depend_on: [audit] } }')
    expect(check(file)).not.toBe(0)
  })
})

/** What the Pod Security Standard `restricted` asks, and what we ask beside it. */
function faultsOf(pod: PodSpec): string[] {
  return [
    ...(pod.automountServiceAccountToken === false ? [] : ['mounts a token']),
    ...(pod.enableServiceLinks === false ? [] : ['gets variables of Services']),
    ...(pod.securityContext?.['runAsNonRoot'] === true ? [] : ['may run as root']),
    ...(JSON.stringify(pod.securityContext?.['seccompProfile']) === '{"type":"RuntimeDefault"}' ? [] : ['has no seccomp profile']),
    ...(pod.containers.length === 1 ? [] : ['has several containers']),
    ...pod.containers.flatMap(faultsOfContainer),
  ]
}

function faultsOfContainer({ image, resources, securityContext }: Container): string[] {
  // The image of the demo's broker writes its configuration when it starts.
  const writes = image.startsWith('apache/kafka:')
  return [
    ...['memory', 'ephemeral-storage'].flatMap((what) =>
      resources?.requests[what] !== undefined && resources.limits[what] !== undefined ? [] : [`has no bounds of ${what}`],
    ),
    ...(securityContext?.['allowPrivilegeEscalation'] === false ? [] : ['may gain rights']),
    ...(writes || securityContext?.['readOnlyRootFilesystem'] === true ? [] : ['writes into its image']),
    ...(JSON.stringify(securityContext?.['capabilities']) === '{"drop":["ALL"]}' ? [] : ['keeps capabilities']),
  ]
}

function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(texts)
}
