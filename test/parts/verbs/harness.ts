import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunState } from '#libs/contracts'
import { serveCanned, type CannedService } from '../../../apps/cli/src/testing/canned-service.js'
import { runForTest } from '../../../apps/cli/src/testing/run-cli.js'
import { LooseApi } from '../../support/loose-api.js'
import { freePort, ready, scratchFolder, Served, until, type Finished } from '../../support/processes.js'
import { called, interrupted, type Form } from './forms.js'
import type { Row } from './row.js'
import { Words } from './words.js'

const PATIENCE_MS = 120_000
/**
 * More often than any client may write; a mail relay, for partners who take mail, that is never used; and canaries that renew nothing
 * meanwhile, for what is read in one form is compared with what is read in the next.
 */
const SETTINGS = {
  HMS_CANARY_CONTROLLER_LEASE: '1h',
  HMS_HTTP_WRITES_PER_SECOND: '100000',
  HMS_NOTIFIER_SMTP_URL: 'smtp://127.0.0.1:9',
  HMS_NOTIFIER_MAIL_FROM: 'policies@agency.example',
}

/** A system that runs, a folder of files, and a server that takes webhooks and has one fault. */
export class Harness {
  readonly words: Words

  private constructor(
    readonly folder: string,
    readonly env: Record<string, string>,
    readonly api: LooseApi,
    private readonly dev: Served,
    private readonly canned: CannedService,
    private readonly removeFolder: () => void,
  ) {
    this.words = new Words(api, folder, canned.url)
  }

  static async start(): Promise<Harness> {
    const scratch = scratchFolder()
    const port = await freePort()
    const env = { HMS_URL: `http://127.0.0.1:${port}`, HMS_PORT: String(port), HMS_DATA_DIR: join(scratch.path, 'data') }
    mkdirSync(env.HMS_DATA_DIR)
    const canned = await serveCanned({
      'POST /hook': { body: {} },
      'GET /v1/policies': { status: 500, body: { code: 'HMS_TEST_BROKEN', detail: 'a bug', status: 500, next: [] } },
    })
    const dev = Served.start(['dev'], { ...env, ...SETTINGS })
    const harness = new Harness(scratch.path, env, new LooseApi({ url: env.HMS_URL }), dev, canned, () => scratch.remove())
    const isReady = async (): Promise<boolean> => {
      if (dev.ended) throw new Error(`dev ended: ${dev.output}`)
      return ready(env.HMS_URL)
    }
    await until(() => `dev is ready: ${dev.output}`, isReady, PATIENCE_MS)
    return harness
  }

  async stop(): Promise<void> {
    await this.dev.stop()
    await this.canned.close()
    this.removeFolder()
  }

  /** Does what a verb does, in this process; rejects unless it is done as asked. */
  async do(line: string): Promise<string> {
    const argv = await this.words.argvOf(`${line} --timeout 120s`)
    const { code, stdout, stderr } = await runForTest(argv, { env: this.env })
    if (code !== 0) throw new Error(`hms-svc ${line}: exit ${code}\n${stderr}${stdout}`)
    return stdout
  }

  /** Calls a verb in a process of its own. */
  async call([line, , says, , more]: Row, form: Form, isEndless = false): Promise<Finished> {
    if (more?.awaits !== undefined) await this.until(more.awaits[0].replace('{form}', form), more.awaits[1])
    const argv = await this.words.argvOf(line, form)
    const env = { ...this.env }
    for (const [name, value] of Object.entries(more?.env ?? {})) env[name] = await this.words.filled(value)
    return isEndless ? interrupted(form, argv, env, says) : called(form, argv, env)
  }

  async until(policy: string, state: RunState): Promise<void> {
    await until(`the run of ${policy} is ${state}`, async () => (await this.words.runOf(policy)).state === state, PATIENCE_MS)
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text)
  }
}
