import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, parseAllDocuments, stringify } from 'yaml'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** A Kubernetes object, as far as tests look at it. */
export interface Manifest {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> }
  spec?: Record<string, unknown>
  data?: Record<string, string>
}

export interface Probe {
  httpGet?: { path: string; port: string | number }
}

export interface EnvVar {
  name: string
  value?: string
  valueFrom?: { secretKeyRef?: { name: string; key: string }; configMapKeyRef?: { name: string; key: string } }
}

export interface Container {
  name: string
  image: string
  command?: string[]
  args?: string[]
  ports?: { name: string; containerPort: number }[]
  env?: EnvVar[]
  envFrom?: { configMapRef: { name: string } }[]
  startupProbe?: Probe
  readinessProbe?: Probe
  livenessProbe?: Probe
  lifecycle?: { preStop: { sleep: { seconds: number } } }
  resources?: { requests: Record<string, string>; limits: Record<string, string> }
  securityContext?: Record<string, unknown>
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[]
}

export interface PodVolume {
  name: string
  secret?: { secretName: string; defaultMode?: number; items?: { key: string; path: string }[] }
  configMap?: { name: string }
  emptyDir?: object
  persistentVolumeClaim?: { claimName: string }
}

export interface PodSpec {
  automountServiceAccountToken?: boolean
  enableServiceLinks?: boolean
  serviceAccountName?: string
  terminationGracePeriodSeconds?: number
  securityContext?: Record<string, unknown>
  topologySpreadConstraints?: { topologyKey: string }[]
  containers: Container[]
  volumes?: PodVolume[]
}

/** A Deployment, StatefulSet or Job. */
export interface Workload extends Manifest {
  spec: { replicas?: number; template: { metadata: { labels: Record<string, string> }; spec: PodSpec } }
}

/** Parses all documents of a text: a file, or what kustomize prints. */
export function documentsOf(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => {
      if (document.errors.length > 0) throw document.errors[0]!
      return document.toJS() as Manifest | null
    })
    .filter((document): document is Manifest => document !== null)
}

/** Reads a YAML file with one document; its path is below the root. */
export function readYaml<T>(path: string): T {
  return parse(readFileSync(join(ROOT, path), 'utf8'), { merge: true }) as T
}

/** Every file of Kubernetes objects below `k8s/`, by its path; files of kustomize, patches and rules of Prometheus are none. */
export function manifestFiles(): { path: string; documents: Manifest[] }[] {
  return readdirSync(join(ROOT, 'k8s'), { recursive: true, encoding: 'utf8' })
    .map((name) => `k8s/${name.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.yaml') && !path.endsWith('kustomization.yaml') && !path.includes('/patches/'))
    .toSorted()
    .map((path) => ({ path, documents: documentsOf(readFileSync(join(ROOT, path), 'utf8')) }))
}

const HEAD = '# Written by `npm run k8s`.\n'

/** Prints documents as a generated file: without anchors or folded lines. */
export function printManifests(documents: readonly object[]): string {
  return HEAD + documents.map((document) => stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 })).join('---\n')
}

export function isWorkload(manifest: Manifest): manifest is Workload {
  return ['Deployment', 'StatefulSet', 'Job'].includes(manifest.kind)
}
