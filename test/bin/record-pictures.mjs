// `npm run pictures`: starts `dev`, brings it into the states that the documentation shows, and records docs/pictures/pages from it.
// Six pages at 1,280 and 320 px, light and dark. Needs Chromium (the path in CHROMIUM, else where Debian installs it).
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from '../../apps/demo/bin/build.mjs'
import { install } from '../../apps/demo/bin/install.mjs'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const BIN = join(ROOT, 'dist/apps/cli/src/main.js')
const ASSETS = join(ROOT, 'apps/demo/assets')
const PICTURES = join(ROOT, 'docs/pictures/pages')
const BROWSERS = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const SIZES = [
  { width: 1280, height: 900 },
  { width: 320, height: 700 },
]
const SCHEMES = ['light', 'dark']
const WAIT_MS = 120_000
const POLL_MS = 250

const POLICY = 'epa-pm25-limit'
const SIGN = ['--sign', 'EPA Chief']
const FLEET = [
  { region: 'NCR', bots: 80 },
  { region: 'VA', bots: 25 },
  { region: 'MD', bots: 15 },
]
/** Bots that are stopped before the rollback, so that the picture of the fleet shows some that are behind. */
const SLOW = 6

if (process.argv[2] === 'fleet') await connectFleet(JSON.parse(process.argv[3]))
else await record()

async function record() {
  const executablePath = BROWSERS.find((path) => path !== undefined && existsSync(path))
  if (executablePath === undefined) throw new Error('there is no Chromium: apt-get install chromium, or CHROMIUM=PATH')
  if (!(await install()) || !(await build())) throw new Error('the build failed')
  const folder = mkdtempSync(join(tmpdir(), 'hms-pictures-'))
  // The database of `dev` may run as another user.
  chmodSync(folder, 0o755)
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const data = join(folder, 'data')
  const children = []
  const start = (argv) => {
    const child = spawn(process.execPath, argv, {
      env: { ...process.env, HMS_URL: url, HMS_DATA_DIR: data },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    return child
  }
  // Installed by now.
  const { chromium } = await import('playwright-core')
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  try {
    start([BIN, 'dev', '--port', String(port), '--data', data])
    await until('dev is ready', async () => (await fetch(`${url}/readyz`)).ok)
    await takeAll({ url, folder, browser, start, hms: cliAt({ HMS_URL: url, HMS_DATA_DIR: data }) })
  } finally {
    await browser.close()
    for (const child of children.toReversed()) await stop(child)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Makes the states one after the other, each with its pictures. */
async function takeAll({ url, folder, browser, start, hms }) {
  const approve = (version, limit, ...more) => {
    const path = join(folder, `${version}.yaml`)
    writeFileSync(path, policyText(version, limit))
    return hms('approve', path, ...SIGN, ...more)
  }
  const take = (name, path, ready) => takePictures({ browser, name, url: url + path, ready })
  const live = ['--observe', '1s', '--bake', '1s', '--watch', '--timeout', '90s']

  await approve('1.5.0', 35, ...live)
  await hms('corpora', 'add', join(ASSETS, 'virginia-2023.csv'), '--id', 'virginia-2023', '--map', 'at=date,pm25=pm25_ug_m3')
  await hms('scenarios', 'add', join(ASSETS, 'scenarios/pm25-violation.yaml'))
  for (const number of [1, 2, 3]) await hms('bots', 'add', join(ASSETS, 'bots/inspector.js'), '--id', `inspector-${number}`)
  await gathered(start, { prefix: 'inspector', regions: FLEET })
  const slow = await gathered(start, { prefix: 'slow', regions: [{ region: 'VA', bots: SLOW }] })

  const digest = await prepare(url, '2.0.0', 25)
  await take('signing', `/approvals/${digest}`, /more readings/)
  await approve('2.0.0', 25, '--reason', 'the new federal standard', ...live)
  await take('receipt', '/runs/2/receipt', /Offline bundle/i)

  await approve('3.0.0', 20, '--canary', '25%', '--observe', '30m')
  await take('canary', '/runs/3', /(?:min|sec) left[^]*could have seen a doubling/)
  await take('overview', '/', /Run 3/)
  await hms('runs', 'abort', '3', '--reason', 'seen enough', ...SIGN)
  await until('run 3 has ended', async () => (await (await fetch(`${url}/v1/runs/3`)).json()).endedAt !== null)

  slow.kill('SIGSTOP')
  // Exit code 8, because some bots do not acknowledge it.
  await hms('rollback', `${POLICY}@1.5.0`, '--reason', 'sensors of two counties were wrong', ...SIGN).catch(() => undefined)
  await take('fleet', '/fleet', /slow-va-1/)
  slow.kill('SIGCONT')
  await take('policy', `/policies/${POLICY}`, /sensors of two counties/)
}

/** Takes one page at each size and in each scheme, once its text matches `ready`. */
async function takePictures({ browser, name, url, ready }) {
  mkdirSync(PICTURES, { recursive: true })
  for (const viewport of SIZES) {
    for (const colorScheme of SCHEMES) {
      const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce' })
      const page = await context.newPage()
      await until(`${url} shows ${ready}`, async () => {
        await page.goto(url, { waitUntil: 'load' })
        return ready.test(await page.locator('main').textContent())
      })
      const path = join(PICTURES, `${name}-${viewport.width}-${colorScheme}.png`)
      await page.screenshot({ path, animations: 'disabled' })
      process.stdout.write(`${path.slice(ROOT.length)}  ${statSync(path).size} bytes\n`)
      await context.close()
    }
  }
}

/** Starts bots in a process of their own; resolves when all are connected. */
async function gathered(start, fleet) {
  const child = start([fileURLToPath(import.meta.url), 'fleet', JSON.stringify(fleet)])
  for await (const chunk of child.stdout) if (String(chunk).includes('connected')) break
  return child
}

async function connectFleet({ prefix, regions }) {
  const { connect } = await import('../../dist/libs/client/src/index.js')
  const bots = regions.flatMap(({ region, bots: count }) =>
    Array.from({ length: count }, (_, index) => ({ bot: `${prefix}-${region.toLowerCase()}-${index + 1}`, region })),
  )
  for (const bot of bots) await connect({ url: process.env.HMS_URL, roster: join(process.env.HMS_DATA_DIR, 'roster.json'), ...bot })
  process.stdout.write('connected\n')
  setInterval(() => undefined, WAIT_MS)
}

async function prepare(url, version, limit) {
  const policy = { id: POLICY, version, effective: '2024-09-01T00:00:00Z', limit, units: 'ug_per_m3', tags: ['health', 'air', 'epa'] }
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${url}/v1/approvals/prepare`, { method: 'POST', headers, body: JSON.stringify({ policies: [policy] }) })
  return (await response.json()).digest
}

function policyText(version, limit) {
  return `id: ${POLICY}\nversion: ${version}\neffective: 2024-09-01T00:00:00Z\nlimit: ${limit}\nunits: ug_per_m3\ntags: [health, air, epa]\n`
}

function cliAt(env) {
  return (...argv) => promisify(execFile)(process.execPath, [BIN, ...argv], { env: { ...process.env, ...env } })
}

async function until(what, holds) {
  for (const end = Date.now() + WAIT_MS; Date.now() < end;) {
    if (await holds().catch(() => false)) return
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  throw new Error(`${what}: not within ${WAIT_MS / 1000} s`)
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGCONT')
  child.kill('SIGTERM')
  await ended
}
