import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { classArchive } from './kafka-jars.js'
import { killWithParent } from './parent-watch.js'

const CLUSTER_ID = 'HMS-local-0000000000001A'
const JAVA_FLAGS = [
  '-Xms64m',
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-XX:+ExitOnOutOfMemoryError',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
]
const STOP_MS = 15_000
/** What the JVM answers to SIGTERM when it was able to finish. */
const CLEAN_EXIT = 143

interface Formatting {
  /** Name to password of who may log in. */
  users?: Readonly<Record<string, string>>
  /** Further credentials, as `--add-scram` takes them. */
  scram?: readonly string[] | undefined
  /** Ports of the controllers of a cluster, node 1 first; without them the node stands alone. */
  controllers?: readonly number[]
}

/** Writes the cluster's id, its first controllers, and who may log in, into a new data folder. A second start on the same folder finds them there. */
export async function format(dir: string, jars: string[], { users = {}, scram = [], controllers }: Formatting = {}): Promise<void> {
  if (existsSync(join(dir, 'data', 'meta.properties'))) return
  const quorum = controllers === undefined ? ['--standalone'] : ['--initial-controllers', controllers.map(voter).join(',')]
  // `--cluster-id=`, not `-t`: an id that starts with `-` would be taken for an option.
  const args = [
    'format',
    ...quorum,
    `--cluster-id=${CLUSTER_ID}`,
    '-c',
    'server.properties',
    ...scramOf(users),
    ...scram.flatMap((each) => ['--add-scram', each]),
  ]
  await promisify(execFile)('java', [...JAVA_FLAGS, '-cp', jars.join(':'), 'kafka.tools.StorageTool', ...args], { cwd: dir })
}

/** Id, address and folder of a controller. The folder's id has 22 characters, of which the last one carries two bits. */
function voter(port: number, index: number): string {
  return `${index + 1}@127.0.0.1:${port}:HMS-node-${index + 1}-0000000000A`
}

function scramOf(users: Readonly<Record<string, string>>): string[] {
  return Object.entries(users).flatMap(([name, password]) => ['--add-scram', `SCRAM-SHA-512=[name=${name},password=${password}]`])
}

/** One run of the broker's process. */
export class BrokerProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly callOffWatch: () => void,
    private readonly dir: string,
    private readonly archive: { draft: string; place: string } | undefined,
  ) {}

  static async start(dir: string, jars: string[]): Promise<BrokerProcess> {
    const place = classArchive(jars)
    // The archive is written by the first broker that stops in order; the draft's name keeps parallel ones apart.
    const archive = existsSync(place) ? undefined : { draft: `${place}.${process.pid}-${Date.now()}`, place }
    const sharing = archive ? [`-XX:ArchiveClassesAtExit=${archive.draft}`] : [`-XX:SharedArchiveFile=${place}`, '-Xshare:auto']
    const log = openSync(join(dir, 'broker.log'), 'a')
    const child = spawn('java', [...JAVA_FLAGS, ...sharing, '-cp', jars.join(':'), 'kafka.Kafka', 'server.properties'], {
      cwd: dir,
      detached: true,
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    await once(child, 'spawn')
    child.unref()
    return new BrokerProcess(child, killWithParent(child.pid ?? 0), dir, archive)
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  get exited(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  get lastLines(): string {
    return readFileSync(join(this.dir, 'broker.log'), 'utf8').trimEnd().split('\n').slice(-10).join('\n')
  }

  /** Orderly: open segments are closed, and the first time the class archive is written. */
  async stop(): Promise<void> {
    await this.end('SIGTERM')
    if (!this.archive || !existsSync(this.archive.draft)) return
    if (this.child.exitCode === CLEAN_EXIT) renameSync(this.archive.draft, this.archive.place)
    else rmSync(this.archive.draft)
  }

  /** As a crash: nothing is closed. */
  async kill(): Promise<void> {
    await this.end('SIGKILL')
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    if (!this.exited) {
      this.child.ref()
      const gone = once(this.child, 'exit')
      this.child.kill(signal)
      const late = new AbortController()
      const timer = delay(STOP_MS, undefined, { signal: late.signal }).then(
        () => this.child.kill('SIGKILL'),
        () => undefined,
      )
      await gone
      late.abort()
      await timer
    }
    this.callOffWatch()
  }
}
