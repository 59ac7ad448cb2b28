import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type HmsConnection } from '#libs/client'
import { ROOT } from '../architecture/root.js'
import { describeKafka } from '../kafka/kafka.config.js'
import { policyFile } from '../support/policy-file.js'
import { BIN, ready, until } from '../support/processes.js'
import { ProductionSystem } from '../support/production-system.js'
import { blocksOf, Reader, type Block } from '../support/tutorial.js'

const PAGE = readFileSync(join(ROOT, 'docs/how-to/keys-and-people.md'), 'utf8')
const SECTIONS = new Map(
  PAGE.split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), blocksOf(section)]),
)

const ANOTHER_KEY = 'A witness or the log gets another key'

describe('keys and people', () => {
  it('has the changes that an installation meets', () => {
    expect([...SECTIONS.keys()]).toEqual([
      'The first ceremony',
      'A person joins',
      'A person loses a key',
      'A person leaves',
      'A key is stolen',
      'A threshold is raised while rules are live',
      ANOTHER_KEY,
    ])
  })
})

/** Runs the page section by section; a rule stays live and its reader READY throughout. The order of the tests counts. */
describeKafka('keys and people, in profile production', () => {
  let system: ProductionSystem
  let env: Record<string, string>
  let bot: HmsConnection | undefined

  beforeAll(async () => {
    const ceremony = SECTIONS.get('The first ceremony')!
    const [first] = ceremony.slice(-1)
    system = await ProductionSystem.start(async (at, people) => {
      installCli(at('.'))
      env = people
      const operator = new Reader(at('.'), people, {}, async () => true)
      for (const block of ceremony.filter((each) => each !== first)) await operator.do(block)
    })
    const made = await system.hms(['tokens', 'create', '--scope', 'operate', '--sign', 'Air Director', '--json'])
    expect(made, made.stderr).toMatchObject({ code: 0 })
    env = { ...system.env, HMS_TOKEN: (JSON.parse(made.stdout) as { token: string }).token }
    for (const [service, verb] of Object.entries({ approver: 'runs', simulator: 'bots' })) {
      await until(`the key is known to ${service}`, async () => (await system.hms([verb, 'list', '--json'], env['HMS_TOKEN'])).code === 0)
    }
    await new Reader(system.folder, env, {}, () => ready(system.url)).do(first!)
    await registerEvidence()
    bot = await connect({
      url: system.url,
      bot: 'inspector-7',
      region: 'NCR',
      token: await botToken(),
      roster: join(system.folder, 'roster.json'),
      timeoutMs: 60_000,
    })
    await approve('smoke-limit', '1.0.0', ['Air Director', 'Air Counsel'])
  }, 400_000)

  afterAll(async () => {
    await bot?.close()
    await system?.stop()
  })

  it.each(['A person joins', 'A person loses a key', 'A person leaves', 'A key is stolen', 'A threshold is raised while rules are live'])(
    '%s',
    async (name) => {
      await walk(name)
      await reads('1.0.0')
    },
    240_000,
  )

  it('the raised threshold counts for what is signed afterwards', async () => {
    await sign('smoke-limit', '1.1.0', 'Air Director')
    const { stdout } = await sign('smoke-limit', '1.1.0', 'Air Counsel')
    expect(JSON.parse(stdout)).toMatchObject({ state: 'AWAITING_APPROVAL' })
    await approve('smoke-limit', '1.1.0', ['Air Office 2'])
    await reads('1.1.0')
  }, 240_000)

  it(`${ANOTHER_KEY}, and what is approved afterwards is proven by it`, async () => {
    const [last] = SECTIONS.get(ANOTHER_KEY)!.slice(-1)
    const signsAgain = (): Promise<boolean> => system.hms(['audit', 'verify'], env['HMS_TOKEN']).then(({ code }) => code === 0)
    await walk(ANOTHER_KEY, (block) => (block === last ? until('the log signs again', signsAgain, 60_000) : undefined))
    await approve('smoke-limit', '1.2.0', ['Air Director', 'Air Counsel', 'Air Office 2'])
    await reads('1.2.0')
  }, 240_000)

  async function walk(name: string, before: (block: Block) => unknown = () => {}): Promise<void> {
    const reader = new Reader(system.folder, env, {}, () => ready(system.url))
    for (const block of SECTIONS.get(name)!) {
      await before(block)
      await reader.do(block)
    }
  }

  /** The reader that was connected all along, and one that starts now with the newest roster alone, read this version. */
  async function reads(version: string): Promise<void> {
    const isRead = async (connection: HmsConnection): Promise<boolean> => {
      const { state, version: read } = connection.explain('smoke-limit')
      return state === 'READY' && read === version
    }
    await until(`the reader has ${version}`, () => isRead(bot!), 60_000)
    const shown = await system.hms(['roster', 'show', '--json'], env['HMS_TOKEN'])
    const pinned = join(system.folder, 'newest-roster.json')
    writeFileSync(pinned, shown.stdout)
    const fresh = await connect({ url: system.url, token: env['HMS_TOKEN']!, roster: pinned, timeoutMs: 60_000 })
    try {
      await until(`a new reader has ${version}`, () => isRead(fresh), 60_000)
    } finally {
      await fresh.close()
    }
  }

  function sign(id: string, version: string, signer: string) {
    const file = policyFile(system.folder, version, 10 + Number(version.split('.')[1]), id)
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^tags:.*$/m, 'tags: [smoke]'))
    return system.hms(
      ['approve', file, '--sign', signer, '--author', 'Air Director', '--observe', '1s', '--bake', '1s', '--json'],
      env['HMS_TOKEN'],
    )
  }

  async function approve(id: string, version: string, signers: readonly string[]): Promise<void> {
    let run = 0
    for (const signer of signers) {
      // A canary that begins while the bot connects again has no cohort.
      if (signer === signers.at(-1)) await until('the bot is connected', isConnected)
      const signed = await sign(id, version, signer)
      expect(signed, signed.stderr).toMatchObject({ code: 0 })
      run = (JSON.parse(signed.stdout) as { run: number }).run
    }
    const watched = await system.hms(['runs', 'watch', String(run), '--json', '--timeout', '120s'], env['HMS_TOKEN'])
    expect(watched, watched.stderr + watched.stdout).toMatchObject({ code: 0 })
  }

  /** Connected: its bot counts for a rule in force. Before the first one, it does not matter. */
  async function isConnected(): Promise<boolean> {
    const { stdout } = await system.hms(['coverage', 'smoke-limit', '--json'], env['HMS_TOKEN'])
    const shown = JSON.parse(stdout === '' ? '{}' : stdout) as { total?: number }
    return shown.total === undefined || shown.total === 1
  }

  async function botToken(): Promise<string> {
    const made = await system.hms(['tokens', 'create', '--scope', 'bot:inspector-7', '--sign', 'Air Director', '--json'])
    const { token } = JSON.parse(made.stdout) as { token: string }
    const answers = async (): Promise<boolean> =>
      (await fetch(`${system.url}/v1/policies`, { headers: { authorization: `Bearer ${token}` } })).status !== 401
    await until('the key of the bot is known to config-store', answers)
    return token
  }

  /** Something to replay, so that production has evidence. */
  async function registerEvidence(): Promise<void> {
    const write = (name: string, text: string): string => {
      const path = join(system.folder, name)
      writeFileSync(path, text)
      return path
    }
    const bot = `export const policies = ['smoke-limit']\nexport default (reading, getPolicy) => reading.pm25 > getPolicy('smoke-limit').limit ? { alert: 'Violation', value: reading.pm25 } : null\n`
    const corpus = 'id,at,region,pm25\n1,2026-01-01T00:00:00Z,NCR,5\n2,2026-01-02T00:00:00Z,NCR,30\n'
    const scenario = 'id: smoke\npolicies: [smoke-limit]\ncorpus: readings\nalert: reading.pm25 > double(policy["smoke-limit"].limit)\n'
    for (const verb of [
      ['bots', 'add', write('inspector.js', bot), '--id', 'inspector'],
      ['corpora', 'add', write('readings.csv', corpus), '--id', 'readings'],
      ['scenarios', 'add', write('scenario.yaml', scenario)],
    ]) {
      const done = await system.hms(verb, env['HMS_TOKEN'])
      expect(done, done.stderr).toMatchObject({ code: 0 })
    }
  }
})

/** `hms-svc` as an installed package has it. */
function installCli(folder: string): void {
  const bin = join(folder, 'node_modules/.bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, 'hms-svc'), `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`)
  chmodSync(join(bin, 'hms-svc'), 0o755)
}
