import { chmodSync, chownSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { EDGE_PORT, SERVICE_PORTS, SERVICES, WITNESS_PORT } from '#libs/contracts'
import { startKafka } from '../support/broker/start-kafka.js'
import { documentsOf, isWorkload, type Manifest, type Workload } from '../support/kubernetes/manifests.js'
import { Pod, portVariable, type Surroundings } from '../support/kubernetes/pod.js'
import { describeWith, lacksForPods, runTool } from '../support/kubernetes/tools.config.js'
import { freshDatabase } from '../support/postgres.js'
import { freePort, scratchFolder, until } from '../support/processes.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PORTS: Record<string, number> = { ...SERVICE_PORTS, edge: EDGE_PORT, witness: WITNESS_PORT }

/** `overlays/dev` as its head says: apply it, then approve from inside the edge. Broker and database are those of the tests. */
const suite = (): void => {
  const scratch = scratchFolder()
  const pods = new Map<string, Pod>()
  const cleanups: (() => Promise<void>)[] = []
  let manifests: Manifest[]
  let around: Surroundings

  beforeAll(async () => {
    const rendered = runTool('kustomize', ['build', 'k8s/overlays/dev'], { cwd: ROOT })
    expect(rendered.code, rendered.stderr).toBe(0)
    manifests = documentsOf(rendered.stdout)
    const [broker, database] = await Promise.all([startKafka(), freshDatabase()])
    cleanups.push(
      () => broker.stop(),
      () => database.drop(),
    )
    const ports = new Map<string, number>()
    for (const name of Object.keys(PORTS)) ports.set(name, await freePort())
    const places: [string, string][] = [
      ['hms-kafka:9092', broker.brokers[0]!],
      ['postgres://hms:demo-only@hms-postgres:5432/hms', database.url],
      ...Object.entries(PORTS).map(([name, port]): [string, string] => [`hms-${name}:${port}`, `127.0.0.1:${ports.get(name)}`]),
    ]
    around = {
      configMaps: dataOf('ConfigMap', (text) => text),
      secrets: dataOf('Secret', (text) => Buffer.from(text, 'base64').toString()),
      folderOf: ({ name, persistentVolumeClaim }, pod) => volume(persistentVolumeClaim === undefined ? `${pod}/${name}` : name),
      located: (text) => places.reduce((result, [name, place]) => result.replaceAll(name, place), text),
      overrides: (component) => ({
        HMS_HOST: '127.0.0.1',
        ...(ports.has(component) ? { [portVariable(component)]: String(ports.get(component)) } : {}),
      }),
    }
  }, 300_000)
  afterAll(async () => {
    await Promise.all([...pods.values()].map((pod) => pod.stop()))
    for (const cleanup of cleanups.toReversed()) await cleanup()
    scratch.remove()
  }, 120_000)

  it('refers to no ConfigMap and no Secret that it does not make: a pod would wait for it', () => {
    const made = new Set(manifests.filter(({ kind }) => kind === 'ConfigMap' || kind === 'Secret').map(({ metadata }) => metadata.name))
    const named = manifests.filter(isWorkload).flatMap((each) => {
      const found = JSON.stringify(each).matchAll(/"(?:configMap|secret)\w*":\{[^{}]*"(?:name|secretName)":"([^"]+)"/g)
      return [...found].map(([, name]) => `${each.metadata.name}: ${name}`)
    })
    expect(named.length).toBeGreaterThan(20)
    expect(named.filter((text) => !made.has(text.split(': ')[1]!))).toEqual([])
  })

  it('makes schemas, demo keys and topics, and starts everything', async () => {
    for (const job of ['hms-migrate', 'hms-topics']) {
      const pod = Pod.start(workload(job), around)
      expect(await pod.exited, pod.output).toBe(0)
    }
    for (const name of ['witness', ...SERVICES, 'edge']) pods.set(name, Pod.start(workload(`hms-${name}`), around))
    const ready = async (): Promise<boolean> =>
      (await Promise.all([...pods.values()].map((pod) => pod.answers(pod.container.readinessProbe)))).every(Boolean)
    await until('every pod is ready', ready, 300_000).catch((error: unknown) => {
      throw new Error(lastLines(), { cause: error })
    })
  }, 400_000)

  it('approves a policy from inside the edge', async () => {
    const edge = workload('hms-edge')
    const argv = [
      'approve',
      'apps/demo/assets/policies/pm25.yaml',
      '--sign',
      'EPA Chief',
      '--observe',
      '1s',
      '--watch',
      '--timeout',
      '100s',
    ]
    const approving = Pod.start(edge, { ...around, overrides: () => ({ HMS_URL: `http://127.0.0.1:${pods.get('edge')!.port}` }) }, argv)
    const code = await approving.exited
    expect(code, code === 0 ? '' : `${approving.output}\n${lastLines()}`).toBe(0)
    expect(approving.output).toContain('DEPLOYMENT SUCCESSFUL')
  }, 300_000)

  const lastLines = (): string =>
    [...pods.values()].map(({ name, ended, output }) => `${name}${ended ? ' (ended)' : ''}: ${output.slice(-600)}`).join('\n')

  const workload = (name: string): Workload =>
    manifests.find((manifest): manifest is Workload => isWorkload(manifest) && manifest.metadata.name === name)!

  const dataOf = (kind: string, read: (text: string) => string): Surroundings['configMaps'] =>
    new Map(
      manifests
        .filter((manifest) => manifest.kind === kind)
        .map(({ metadata, data = {} }) => [
          metadata.name,
          Object.fromEntries(Object.entries(data).map(([key, text]) => [key, read(text)])),
        ]),
    )

  /** As a cluster of one node gives it: a folder that the pods' group may write to; the claim is one for all. */
  const volume = (name: string): string => {
    const folder = `${scratch.path}/volumes/${name}`
    mkdirSync(folder, { recursive: true })
    chownSync(folder, 0, 1000)
    chmodSync(folder, 0o2775)
    return folder
  }
}
describeWith(['kustomize'], 'the manifests of one node, as processes', suite, lacksForPods())
