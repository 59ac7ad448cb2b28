// `bots.mjs SDK URL PREFIX COUNT`: named bots of one build's SDK. On SIGUSR2 one line of JSON says what they saw (`Seen` of bots.ts).
import { performance } from 'node:perf_hooks'

const LOOK_EVERY_MS = 50

const [sdk, url, prefix, count] = process.argv.slice(2)
const { connect } = await import(sdk)
const seen = { changes: 0, errors: [], longestStaleMs: 0, longestGapMs: 0, longestPauseMs: 0 }
const bots = await Promise.all(
  Array.from({ length: Number(count) }, async (_, index) => {
    const bot = await connect({ url, bot: `${prefix}-${index}`, region: 'NCR', timeoutMs: 60_000 })
    bot.on('change', () => seen.changes++)
    bot.on('error', (error) => seen.errors.push(error.code ?? error.message))
    await bot.ready({ timeoutMs: 60_000 })
    return bot
  }),
)
const staleSince = new Map()
let lookedAt = performance.now()

function look() {
  const now = performance.now()
  seen.longestPauseMs = Math.max(seen.longestPauseMs, now - lookedAt - LOOK_EVERY_MS)
  lookedAt = now
  for (const bot of bots) {
    if (bot.state === 'READY') staleSince.delete(bot)
    else if (!staleSince.has(bot)) staleSince.set(bot, now)
    const ages = bot.ids().map((id) => bot.explain(id).ageMs)
    seen.longestGapMs = Math.max(seen.longestGapMs, ...ages)
    seen.longestStaleMs = Math.max(seen.longestStaleMs, now - (staleSince.get(bot) ?? now))
  }
}
setInterval(look, LOOK_EVERY_MS)
process.once('SIGUSR2', () => {
  look()
  process.stdout.write(`${JSON.stringify(seen)}\n`)
})
process.stdout.write('connected\n')
