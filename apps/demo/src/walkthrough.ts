import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ApiClient } from '#libs/client'
import { isTerminal, type RunView, type Ticket } from '#libs/contracts'
import type { Fleet } from './fleet.js'

/** Folder with the policies, bots and readings of the demo. */
export const ASSETS = new URL(import.meta.url.endsWith('.ts') ? '../assets/' : '../../../../apps/demo/assets/', import.meta.url)

const POLICY = 'epa-pm25-limit'
const OLD = '1.5.0'
const FIRST = '2.0.0'
const SAMPLE = new URL('policies/pm25.yaml', ASSETS)
const SIGN = ['--sign', 'EPA Chief']
/** Alerts, each of another bot, that end a canary or a bake. Neither limit explains the reading. */
const ALERTS = 2
const ALERT = ['--kind', 'Violation', '--value', '10', '--reading', '{"id":"demo-reading","pm25":10}']

export interface WalkthroughHost {
  api: ApiClient
  /** Folder for the policy files that it writes. */
  folder: string
  /** Returns a command line that works in another terminal. */
  commandOf(argv: readonly string[]): string
  /** Runs a command line of `hms-svc` with the keys of the demo, without a terminal; returns exit code and output. */
  runQuietly(argv: readonly string[]): Promise<{ code: number; output: string }>
}

interface Step {
  name: string
  /** Command lines of the step; empty while they depend on what has not happened. */
  argvs: string[][]
  /** Why the step does not fit the present state. */
  why: string | undefined
  /** Page to look at; without it the step runs its commands. */
  href?: string
}

/** Steps of the demo for buttons. Each runs the command that a person would type, with the demo's keys, which stay in this process. */
export class Walkthrough {
  /** Number of the first run that a person signed. */
  readonly signed: Promise<number>
  /** Whether 1.5.0 is live and every bot reads it, so that a person may sign. */
  isPrepared = false
  private resolveSigned!: (run: number) => void
  private readonly outputs = new Map<string, string>()
  private last: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly host: WalkthroughHost,
    private readonly fleet: Pick<Fleet, 'readersOf'>,
  ) {
    this.signed = new Promise((resolve) => (this.resolveSigned = resolve))
  }

  /** Returns the steps at this moment, with their commands as text and the output of the last press. Fails if services cannot be read. */
  async steps(): Promise<(Omit<Step, 'argvs'> & { commands: string[]; output: string | undefined })[]> {
    return (await this.read()).steps.map(({ argvs, ...step }) => {
      return { ...step, commands: argvs.map((argv) => this.host.commandOf(argv)), output: this.outputs.get(step.name) }
    })
  }

  /** Does a step, one at a time. A step that does not fit the present state does nothing; the page gives the reason. */
  press(name: string): Promise<void> {
    const pressed = this.last.then(() => this.perform(name))
    this.last = pressed.catch(() => undefined)
    return pressed
  }

  private async perform(name: string): Promise<void> {
    const { steps, version } = await this.read()
    const step = steps.find((each) => each.name === name)
    if (step === undefined || step.why !== undefined || step.href !== undefined) return
    if (name === 'sign' && version !== FIRST)
      await writeFile(this.fileOf(version), (await readFile(SAMPLE, 'utf8')).replace(FIRST, version))
    const results: { code: number; output: string }[] = []
    for (const argv of step.argvs) results.push(await this.host.runQuietly(argv))
    this.outputs.set(name, results.map(({ output }) => output.trimEnd()).join('\n'))
    if (name !== 'sign' || results[0]?.code !== 0) return
    const { run } = await this.read()
    if (run !== undefined) this.resolveSigned(run.run)
  }

  /** Reads the newest run after 1.5.0, the version that it has or that is signed next, and the steps. */
  private async read(): Promise<{ run: RunView | undefined; version: string; steps: Step[] }> {
    const { api } = this.host
    const queries = [api.get('/v1/runs'), api.get('/v1/policies'), api.get('/v1/tickets', { state: 'OPEN' })] as const
    const [runs, policies, [ticket]] = await Promise.all(queries)
    const run = runs.find((each) => each.policies.some(({ id, version }) => id === POLICY && version !== OLD))
    const isOpen = runs.some(({ state }) => !isTerminal(state))
    const live = policies.find(({ id }) => id === POLICY)?.version ?? 'Nothing'
    const last = run?.policies[0]?.version
    // A version that was taken back is not signed again.
    const version = last === undefined ? FIRST : isOpen || live === last ? last : `2.0.${Number(last.split('.')[2]) + 1}`
    const isNewLive = live !== OLD && live !== 'Nothing'
    const whyNotSigned = isOpen ? 'A run is under way.' : isNewLive ? `${live} is in force; take it back first.` : `${OLD} goes live first.`
    const canSign = this.isPrepared && !isOpen && !isNewLive
    const unsigned = run === undefined ? 'Nothing is signed yet.' : undefined
    const isRolling = run?.stages.some(({ stage, startedAt }) => stage === 'rollout' && startedAt !== null) === true
    const isObserved = run?.state === 'CANARY' || run?.state === 'BAKING'
    const alerts = (isObserved ? this.fleet.readersOf(version).slice(0, ALERTS) : []).map(({ bot, region }) => {
      return ['alert', '--bot', bot, '--region', region, ...ALERT, '--policy', `${POLICY}@${version}`]
    })
    const watch = run === undefined ? [] : [['runs', 'watch', String(run.run)]]
    const back = ['rollback', `${POLICY}@${OLD}`, '--reason', 'rolled back in the demo', ...SIGN]
    const steps: Step[] = [
      { name: 'sign', argvs: [['approve', this.fileOf(version), ...SIGN]], why: canSign ? undefined : whyNotSigned },
      { name: 'canary', argvs: watch, why: unsigned, href: `/runs/${run?.run ?? ''}` },
      { name: 'wave', argvs: [['coverage', POLICY]], why: isRolling ? undefined : 'The canary comes first.', href: '/fleet' },
      { name: 'complain', argvs: alerts, why: alerts.length === ALERTS ? undefined : 'Possible while a canary or a bake is observed.' },
      {
        name: 'decide',
        argvs: ticket === undefined ? [] : [decisionOn(ticket)],
        why: ticket === undefined ? 'No ticket is open.' : undefined,
      },
      { name: 'back', argvs: [back], why: isNewLive ? undefined : `${live} is in force.` },
      { name: 'proof', argvs: [['audit', 'verify']], why: unsigned },
    ]
    return { run, version, steps }
  }

  private fileOf(version: string): string {
    return version === FIRST ? fileURLToPath(SAMPLE) : join(this.host.folder, `pm25-${version}.yaml`)
  }
}

function decisionOn({ ticket, allowed }: Ticket): string[] {
  const decision = allowed.includes('accept') ? 'accept' : allowed[0]!
  return ['tickets', 'decide', String(ticket), '--decision', decision, '--reason', 'seen in the demo', ...SIGN]
}
