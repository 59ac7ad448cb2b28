import type { Command } from 'commander'
import type { ApiClient, Authorize } from '#libs/client'
import { printable } from '#libs/contracts'
import { outputOf, type CliIo, type GlobalOptions } from './io.js'
import type { Output } from './output/output.js'

/** Settings and connections of every verb: output, services and timeouts. */
export class CliContext {
  readonly output: Output

  constructor(
    readonly io: CliIo,
    readonly options: GlobalOptions,
    /** All verbs, for help and completion. */
    readonly program: () => Command,
    /** Runs another command line as a user would; used by the demo. */
    readonly runCli: (argv: readonly string[], io: CliIo) => Promise<number>,
  ) {
    this.output = outputOf(io, options)
  }

  private shared?: Promise<ApiClient>
  /** `get` and `post` send requests with one shared client, for verbs that need nothing else of a client. */
  readonly get = ((...call: unknown[]) => this.send('get', call)) as ApiClient['get']
  readonly post = ((...call: unknown[]) => this.send('post', call)) as ApiClient['post']

  private async send(method: 'get' | 'post', call: unknown[]): Promise<never> {
    const client = await (this.shared ??= this.client())
    return Reflect.apply(client[method], client, call) as Promise<never>
  }

  /** Base address of the services: the flag, else the environment. */
  get url(): string {
    return this.options.url ?? this.io.environment.url
  }

  askHidden(question: string): Promise<string> {
    return this.io.askHidden(printable(question))
  }

  /** Creates a client authorized by `authorize`, HMS_TOKEN or the operator key. Time limit per call: `deadlineMs`, `--timeout` or 10 s. */
  async client(authorize?: Authorize, deadlineMs?: number): Promise<ApiClient> {
    const { ApiClient, authorizationFrom, readUrl } = await import('#libs/client')
    const { token, dataDir } = this.io.environment
    const url = readUrl(this.url, this.options.url === undefined ? 'HMS_URL' : '--url')
    return new ApiClient({
      url,
      timeoutMs: deadlineMs ?? this.options.timeout,
      authorize: authorize ?? authorizationFrom({ token, url, dataDir }),
    })
  }
}
