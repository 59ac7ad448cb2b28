import { connect, type HmsConnection } from '#libs/client'

const POLICY = 'epa-pm25-limit'
const REGIONS = [
  { region: 'NCR', bots: 200 },
  { region: 'VA', bots: 60 },
  { region: 'MD', bots: 40 },
]
/** Sockets opened at once: a burst of three hundred handshakes would only queue. */
const AT_ONCE = 50
const ARRIVAL_MS = 15_000

/** Bots of the demo that apply the policy through the SDK, as inspection programs would. */
export class Fleet {
  private readonly bots: { bot: string; region: string; connection: HmsConnection }[] = []

  constructor(
    private readonly url: string,
    private readonly roster: string,
  ) {}

  get size(): number {
    return this.bots.length
  }

  async connect(): Promise<void> {
    const names = REGIONS.flatMap(({ region, bots }) =>
      Array.from({ length: bots }, (_, index) => ({ region, bot: `inspector-${region.toLowerCase()}-${index + 1}` })),
    )
    for (let start = 0; start < names.length; start += AT_ONCE) {
      const group = names.slice(start, start + AT_ONCE)
      const connections = await Promise.all(group.map(({ bot, region }) => connect({ url: this.url, roster: this.roster, bot, region })))
      this.bots.push(...connections.map((connection, index) => ({ ...group[index]!, connection })))
    }
  }

  /** `200 in NCR, 60 in VA, 40 in MD`. */
  census(): string {
    return REGIONS.map(({ region }) => `${this.bots.filter((bot) => bot.region === region).length} in ${region}`).join(', ')
  }

  readersOf(version: string): { bot: string; region: string }[] {
    return this.bots.filter(({ connection }) => versionOf(connection) === version)
  }

  /** Resolves when every bot reads this version; each is woken by its own change event. */
  async all(version: string): Promise<void> {
    await Promise.all(this.bots.map(({ connection }) => arrives(connection, version)))
  }

  async close(): Promise<void> {
    await Promise.all(this.bots.map(({ connection }) => connection.close()))
  }
}

function arrives(connection: HmsConnection, version: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`a bot does not read ${version}`)), ARRIVAL_MS)
    const look = (): void => {
      if (versionOf(connection) !== version) return
      clearTimeout(late)
      stop()
      resolve()
    }
    const stop = connection.on('change', look)
    look()
  })
}

function versionOf(connection: HmsConnection): string | undefined {
  try {
    return (connection.get(POLICY) as { version: string }).version
  } catch {
    return undefined
  }
}
