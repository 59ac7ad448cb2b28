import { pause, systemClock } from '#libs/platform'
import { cutAtCommit } from '../../support/tcp-proxy/cut-after.js'
import type { TcpProxy } from '../../support/tcp-proxy/tcp-proxy.js'
import type { Toxic } from '../../support/tcp-proxy/toxic.js'
import { blackHole, down, latency, limitData, slicer } from '../../support/tcp-proxy/toxics.js'
import type { Random } from '../random.js'
import type { Fault } from './faults.js'

const HOUR_MS = 3_600_000
const ONE_WAY = ['up', 'down'] as const

/** Faults of a network on an open connection. The first list is for either side, the second knows PostgreSQL's protocol. */
const ANYWHERE: readonly ((random: Random) => Toxic)[] = [
  (random) => latency({ ms: 250, jitter: { ms: 200, random: () => random.next() } }),
  // A partition that heals before TCP gives up: nothing is lost, everything is late.
  () => latency({ ms: HOUR_MS }),
  () => blackHole(),
  (random) => blackHole({ direction: random.pick(ONE_WAY) }),
  (random) => limitData({ bytes: random.between(0, 20_000), direction: random.pick(ONE_WAY) }),
  (random) => slicer({ bytes: 200, variation: { bytes: 150, random: () => random.next() } }),
  () => down(),
]
const AT_COMMIT: readonly ((random: Random) => Toxic)[] = (['sent', 'committed'] as const).map(
  (moment) => (random: Random) => cutAtCommit(moment, { times: 20, odds: { probability: 0.1, random: () => random.next() } }),
)

export const badNetwork: Fault = {
  name: 'bad network',
  kills: 0,
  part: 'network',
  async strike({ network }, random) {
    const to = random.pick(['broker', 'database'] as const)
    const toxic = random.pick(to === 'database' ? [...ANYWHERE, ...AT_COMMIT] : ANYWHERE)(random)
    const forMs = random.between(1_000, 3_000)
    await poison(network[to], toxic, forMs)
    return { to, toxic: toxic.name, forMs }
  },
}

async function poison(proxy: TcpProxy, toxic: Toxic, forMs: number): Promise<void> {
  const lift = proxy.apply(toxic)
  // To keep new connections out means little while the old ones go on.
  if (toxic.refuses === true) proxy.cut()
  await pause(systemClock, forMs)
  lift()
}
