import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { killWithParent } from '../broker/parent-watch.js'
import { plainEnvironment } from './tools.config.js'
import type { Container, EnvVar, PodVolume, Probe, Workload } from './manifests.js'

const CHECKOUT = fileURLToPath(new URL('../../../', import.meta.url))
const KEPT_OUTPUT = 64 * 1024

/** What a pod refers to. */
export interface Surroundings {
  configMaps: ReadonlyMap<string, Readonly<Record<string, string>>>
  secrets: ReadonlyMap<string, Readonly<Record<string, string>>>
  /** Folder of this machine that stands for a volume; made with the owner and mode that the kubelet would give it. */
  folderOf(volume: PodVolume, pod: string): string
  /** Stands for the cluster's network: names of Services become addresses of this machine. */
  located(text: string): string
  /** What a process of this pod gets instead: ports of this machine, where a pod has an address of its own. */
  overrides(component: string): Readonly<Record<string, string>>
}

/**
 * The container of a workload as a plain process: its own root folder, which nothing may write to, with the program, a few folders of this
 * machine and the volumes at their places; its user, group and no rights of root; its command line and environment as the kubelet makes
 * them. Needs root, as the kubelet does.
 */
export class Pod {
  readonly exited: Promise<number | NodeJS.Signals>
  private text = ''

  private constructor(
    readonly name: string,
    readonly container: Container,
    private readonly child: ChildProcess,
    readonly port: number | undefined,
  ) {
    this.exited = new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal ?? 1)))
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk: Buffer) => (this.text = (this.text + String(chunk)).slice(-KEPT_OUTPUT)))
    if (child.pid !== undefined) child.once('exit', killWithParent(child.pid))
  }

  /** `argv`: another command line, as `kubectl exec` would run beside the container's own. */
  static start(workload: Workload, around: Surroundings, argv?: readonly string[]): Pod {
    const { spec: pod, metadata } = workload.spec.template
    const [container] = pod.containers
    const component = metadata.labels['app.kubernetes.io/component']!
    const env = { ...environmentOf(container!, around), ...around.overrides(component) }
    const volumes = (container!.volumeMounts ?? []).map(({ name, mountPath, readOnly }) => {
      const volume = (pod.volumes ?? claimsOf(workload)).concat(claimsOf(workload)).find((each) => each.name === name)
      if (volume === undefined) throw new Error(`${workload.metadata.name} mounts ${name}, which is no volume`)
      return [around.folderOf(volume, workload.metadata.name), mountPath, readOnly === true || isFixed(volume) ? 'ro' : 'rw']
    })
    const user = pod.securityContext as { runAsUser: number; runAsGroup: number; fsGroup: number }
    const who = [`--reuid=${user.runAsUser}`, `--regid=${user.runAsGroup}`, `--groups=${user.fsGroup}`]
    const enter = ['--mount', '--propagation', 'private', 'sh', '-ec', ENTER, 'sh', CHECKOUT, process.execPath, String(volumes.length)]
    const program = ['/app/dist/apps/cli/src/main.js', ...(argv ?? container!.args ?? [])]
    const child = spawn('unshare', [...enter, ...volumes.flat(), ...who, '--', process.execPath, ...program], {
      env: { ...plainEnvironment(), NODE_ENV: 'production', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return new Pod(workload.metadata.name, container!, child, portOf(env, component))
  }

  get output(): string {
    return this.text
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  /** Asks as the kubelet would. */
  async answers(probe: Probe | undefined): Promise<boolean> {
    if (probe?.httpGet === undefined) throw new Error(`${this.name} has no such probe`)
    return fetch(`http://127.0.0.1:${this.port}${probe.httpGet.path}`).then(
      (response) => response.ok,
      () => false,
    )
  }

  /** What the kernel says of the process: ids, rights, and whether it may write to its root. */
  rights(): { uid: number; groups: number[]; noNewPrivs: boolean; capabilities: bigint; rootIsReadOnly: boolean } {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8')
    const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)![1]!.trim()
    const mounts = readFileSync(`/proc/${this.child.pid}/mounts`, 'utf8').split('\n')
    const root = mounts.map((line) => line.split(' ')).find(([, place]) => place === '/')
    return {
      uid: Number(field('Uid').split('\t')[0]),
      groups: field('Groups').split(' ').map(Number),
      noNewPrivs: field('NoNewPrivs') === '1',
      capabilities: BigInt(`0x${field('CapEff')}`) | BigInt(`0x${field('CapBnd')}`),
      rootIsReadOnly: root?.[3]?.split(',').includes('ro') === true,
    }
  }

  /** SIGTERM, as after `preStop`; answers how it ended. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | NodeJS.Signals> {
    if (!this.ended) this.child.kill(signal)
    return this.exited
  }
}

/**
 * In a mount namespace of its own: an empty root, folders of this machine read-only, the checkout as /app, volumes, then the user. `exec`
 * all the way, so that signals reach the program. Arguments: checkout, node, number of volumes, their folder, place and mode each; the rest
 * is for setpriv.
 */
const ENTER = `
checkout=$1 node=$2 volumes=$3; shift 3
root=$(mktemp -d); mount -t tmpfs -o mode=755,size=1m tmpfs "$root"
place() { mkdir -p "$root$2"; mount --bind "$1" "$root$2"; if [ "$3" = ro ]; then mount -o remount,bind,ro "$root$2"; fi; }
for folder in /usr /bin /lib /lib64 /sbin; do
  if [ -L "$folder" ]; then cp -P "$folder" "$root$folder"; elif [ -d "$folder" ]; then place "$folder" "$folder" ro; fi
done
case $node in /usr/*) ;; *) place "$(dirname "$node")" "$(dirname "$node")" ro ;; esac
place /dev /dev rw
mkdir "$root/proc"; mount --rbind /proc "$root/proc"
mkdir "$root/etc"; cp /etc/passwd /etc/group /etc/hosts /etc/nsswitch.conf "$root/etc" 2>/dev/null || true
place "$checkout" /app ro
while [ "$volumes" -gt 0 ]; do place "$1" "$2" "$3"; shift 3; volumes=$((volumes - 1)); done
mount -o remount,ro "$root"
exec chroot "$root" /usr/bin/env -C /app /usr/bin/setpriv --no-new-privs --inh-caps=-all --bounding-set=-all "$@"
`

/** As the kubelet makes it: sources first, then what is named, `$(NAME)` filled in from what stands before. */
function environmentOf({ env = [], envFrom = [] }: Container, around: Surroundings): Record<string, string> {
  const made: Record<string, string> = {}
  for (const { configMapRef } of envFrom) Object.assign(made, dataOf(around.configMaps, configMapRef.name))
  for (const each of env) made[each.name] = valueOf(each, made, around)
  return Object.fromEntries(Object.entries(made).map(([name, value]) => [name, around.located(value)]))
}

function valueOf({ name, value, valueFrom }: EnvVar, before: Record<string, string>, around: Surroundings): string {
  if (value !== undefined) return value.replaceAll(/\$\(([A-Z_]+)\)/g, (text, named: string) => before[named] ?? text)
  const { secretKeyRef, configMapKeyRef } = valueFrom ?? {}
  const found =
    secretKeyRef === undefined
      ? dataOf(around.configMaps, configMapKeyRef!.name)[configMapKeyRef!.key]
      : dataOf(around.secrets, secretKeyRef.name)[secretKeyRef.key]
  if (found === undefined) throw new Error(`${name}: ${JSON.stringify(valueFrom)} is not there`)
  return found
}

export function dataOf(all: ReadonlyMap<string, Readonly<Record<string, string>>>, name: string): Readonly<Record<string, string>> {
  const data = all.get(name)
  if (data === undefined) throw new Error(`there is no ${name}`)
  return data
}

function isFixed({ secret, configMap }: PodVolume): boolean {
  return secret !== undefined || configMap !== undefined
}

/** Volumes that a StatefulSet has made for each of its pods. */
function claimsOf(workload: Workload): PodVolume[] {
  const { volumeClaimTemplates = [] } = workload.spec as { volumeClaimTemplates?: { metadata: { name: string } }[] }
  return volumeClaimTemplates.map(({ metadata }) => ({ name: metadata.name, persistentVolumeClaim: { claimName: metadata.name } }))
}

function portOf(env: Record<string, string>, component: string): number | undefined {
  const own = env[portVariable(component)]
  return own === undefined ? undefined : Number(own)
}

/** What moves the port of this process. */
export function portVariable(component: string): string {
  return component === 'edge' ? 'HMS_PORT' : `HMS_${component.toUpperCase().replaceAll('-', '_')}_PORT`
}
