#!/usr/bin/env node
// An inspection bot: it judges readings by the rule in force and reports each violation. Needs the package alone.
//
//   node inspection-bot.mjs                      one reading a second, made up around 30 µg/m³
//   node inspection-bot.mjs <readings.ndjson     { "id", "pm25", … } a line, judged as they come
//
// HMS_URL, HMS_BOT (default inspector-demo), HMS_REGION, HMS_TOKEN, HMS_CACHE_DIR and HMS_ROSTER name the server and the bot.
import { setInterval } from 'node:timers/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const POLICY = 'epa-pm25-limit'

/** The rule, and nothing else: what is tested, and replayed before a new version is live. */
export function inspect(reading, policy) {
  return reading.pm25 > policy.limit ? { kind: 'Violation', value: reading.pm25 } : undefined
}

/**
 * Judges readings until they end. The rule is asked at each of them, without I/O, so a change counts from the next reading on. A reading
 * that cannot be judged or reported is said and left behind: one bad sensor must not silence the others.
 */
export async function run(hms, readings, print) {
  hms.on('change', ({ id, from, to }) => print(`${id} ${from ?? 'nothing'} → ${to ?? 'nothing'}`))
  hms.on('stale', ({ reason }) => print(`STALE: ${reason}; the last rule stays`))
  hms.on('ready', () => print('READY'))
  for await (const reading of readings) {
    try {
      const policy = hms.get(POLICY)
      const found = inspect(reading, policy)
      if (found === undefined) continue
      // By its id a reading counts once, however often it is sent.
      await hms.alert({ ...found, id: `${POLICY}:${policy.version}:${reading.id}`, reading, policy: POLICY, version: policy.version })
      print(`alert ${reading.id}: ${reading.pm25} > ${policy.limit} (${policy.version})`)
    } catch (error) {
      print(`reading ${reading?.id}: ${error.message}`)
    }
  }
}

async function* fromSensor() {
  let count = 0
  for await (const _tick of setInterval(1_000)) yield { id: `reading-${Date.now()}-${count}`, pm25: 28 + (count++ % 5) }
}

async function* fromLines(input) {
  for await (const line of createInterface({ input })) {
    try {
      if (line.trim() !== '') yield JSON.parse(line)
    } catch {
      process.stderr.write(`not JSON: ${line.slice(0, 200)}\n`)
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { connect } = await import('hms-svc')
  const hms = await connect({ bot: process.env.HMS_BOT ?? 'inspector-demo' })
  const readings = process.stdin.isTTY ? fromSensor() : fromLines(process.stdin)
  await run(hms, readings, (line) => process.stdout.write(`${line}\n`))
  await hms.close()
}
