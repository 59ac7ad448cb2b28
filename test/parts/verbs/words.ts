import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ApprovalSummary, RosterProposalView, RunView, Ticket } from '#libs/contracts'
import type { LooseApi } from '../../support/loose-api.js'
import { ROOT } from '../../architecture/root.js'
import { freePort } from '../../support/processes.js'
import type { Form } from './forms.js'

/** Words that stand for several. */
const PHRASES: Record<string, string[]> = {
  CHIEF: ['--sign', 'EPA Chief'],
  'CHIEF-NAME': ['EPA Chief'],
  COUNSEL: ['--sign', 'EPA Counsel'],
  AIR: ['--sign', 'Air Office'],
  WHY: ['--reason', 'a drill'],
  NOBODY: ['--url', 'http://127.0.0.1:9'],
}

/** What the words of the table stand for, at the time of the call. */
export class Words {
  /** Names that `prepare` has given to what it made. */
  readonly kept = new Map<string, string>()

  /** `canned`: address of a server that takes webhooks. */
  constructor(
    private readonly api: LooseApi,
    private readonly folder: string,
    private readonly canned: string,
  ) {}

  /**
   * A command line as words. `{form}`: the form's name. `{policy:ID}`, `{policy:ID@VERSION}`: a file of that policy; one whose id begins
   * with `seat` takes two people. `{run:ID}`, `{digest:ID}`, `{ticket:ID}`: newest run, approval, ticket of the policy. `{proposal:NAME}`: the
   * roster that has a role of this name. `{file:NAME}`: a file that `prepare` has written. `{own}`: a path of this call alone. `{port}`: a free one.
   * `{kept:NAME}`: see `kept`.
   */
  async argvOf(line: string, form?: Form): Promise<string[]> {
    const words: string[] = []
    for (const word of line.replaceAll('{form}', form ?? '').split(' ')) words.push(...(PHRASES[word] ?? [await this.filled(word)]))
    return words
  }

  async filled(word: string): Promise<string> {
    const [whole, kind, name = ''] = /\{(\w+)(?::([^}]+))?\}/.exec(word) ?? []
    return whole === undefined ? word : word.replace(whole, await this.valueOf(kind!, name))
  }

  runOf(policy: string): Promise<RunView> {
    return this.newest<RunView>('/v1/runs', policy)
  }

  private async valueOf(kind: string, name: string): Promise<string> {
    switch (kind) {
      case 'assets':
        return join(ROOT, 'apps/demo/assets')
      case 'canned':
        return this.canned
      case 'own':
        return join(this.folder, randomUUID())
      case 'port':
        return String(await freePort())
      case 'file':
        return join(this.folder, name)
      case 'policy':
        return this.policyFile(name)
      case 'run':
        return String((await this.runOf(name)).run)
      case 'digest':
        return (await this.newest<ApprovalSummary>('/v1/approvals', name)).digest
      case 'ticket':
        return String((await this.newest<Ticket>('/v1/tickets', name)).ticket)
      case 'proposal':
        return this.proposalWith(name)
      default:
        return present(this.kept.get(name), `${kind} ${name}`)
    }
  }

  /** Lists have the newest first. */
  private async newest<T extends { policies: { id: string }[] }>(path: string, policy: string): Promise<T> {
    const found = await this.api.get<T[]>(path)
    return present(
      found.find(({ policies }) => policies.some(({ id }) => id === policy)),
      `${path} of ${policy}`,
    )
  }

  private async proposalWith(role: string): Promise<string> {
    const proposals = await this.api.get<RosterProposalView[]>('/v1/roster/proposals')
    const holds = ({ envelope }: RosterProposalView): boolean => Buffer.from(envelope.payload, 'base64').includes(`"${role}"`)
    return present(proposals.find(holds), `proposal with ${role}`).digest
  }

  private policyFile(name: string): string {
    const [id, version = '1.0.0'] = name.split('@') as [string, string?]
    const tags = id.startsWith('seat') ? 'tags: [critical]\n' : ''
    const path = join(this.folder, `${id}-${version}.yaml`)
    writeFileSync(path, `id: ${id}\nversion: ${version}\neffective: 2024-09-01T00:00:00Z\nlimit: ${Number.parseInt(version, 10)}\n${tags}`)
    return path
  }
}

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`there is no ${what}`)
  return value
}
