import { join } from 'node:path'
import { it } from 'vitest'
import { connect } from '#libs/client'
import type { RollbackReport } from '#libs/contracts'
import { policyFile } from '../support/policy-file.js'
import { freePort, hms, ready, scratchFolder, Served, until } from '../support/processes.js'
import { nowMs, report } from './figures.js'

const BOTS = 1_000
const AT_ONCE = 100
const ROUNDS = 10

/** The command, from its start to the acknowledgement of the last of 1,000 connected bots. */
it('rollback', async () => {
  const folder = scratchFolder()
  const port = await freePort()
  const env = { HMS_URL: `http://127.0.0.1:${port}`, HMS_DATA_DIR: join(folder.path, 'data') }
  const dev = Served.start(['dev', '--port', String(port), '--data', env.HMS_DATA_DIR], {})
  await until('dev is ready', () => ready(env.HMS_URL))
  await approve('1.0.0', 35)
  const fleet = []
  for (let start = 0; start < BOTS; start += AT_ONCE) {
    fleet.push(
      ...(await Promise.all(
        Array.from({ length: AT_ONCE }, (_, index) => connect({ url: env.HMS_URL, bot: `bot-${start + index}`, region: 'NCR' })),
      )),
    )
  }
  const whole: number[] = []
  const inside: number[] = []
  for (let round = 1; round <= ROUNDS; round++) {
    await approve(`${round + 1}.0.0`, 35 - round)
    const startedAt = nowMs()
    const done = await hms(['rollback', 'epa-pm25-limit@1.0.0', '--json'], env)
    whole.push(nowMs() - startedAt)
    const said = JSON.parse(done.stdout) as RollbackReport
    if (done.code !== 0 || said.acknowledged !== BOTS) throw new Error(`${done.code}: ${done.stdout} ${done.stderr}`)
    inside.push(said.seconds * 1_000)
  }
  report(`rollback of ${BOTS} bots: whole command`, whole)
  report(`rollback of ${BOTS} bots: as the command itself says`, inside)
  await Promise.all(fleet.map((bot) => bot.close()))
  await dev.stop()
  folder.remove()

  async function approve(version: string, limit: number): Promise<void> {
    const done = await hms(['approve', policyFile(folder.path, version, limit), '--sign', 'EPA Chief', '--observe', '0s', '--watch'], env)
    if (done.code !== 0) throw new Error(done.stderr)
  }
})
