import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, it } from 'vitest'
import { ROOT } from '../architecture/root.js'
import { InstalledPackage, pack } from '../support/installed-package.js'
import { cleanEnvironment } from '../support/processes.config.js'
import { freePort, scratchFolder } from '../support/processes.js'
import { nowMs } from './figures.js'

const [COLD_STARTS, WARM_STARTS, FLOORS] = [3, 5, 3]
/** What the demo waits by the clock: 1.5.0 observes and bakes for one second each, 2.0.0 for ten. */
const DEMO_WAITS_S = 22
const GIVE_UP_MS = 600_000

/**
 * Times that a newcomer waits. With a clone: `npm run demo` until the system is ready. Its floor is `npm ci` of the same packages, from the
 * same cache. In an empty folder: `npm install` of the archive, `npx hms-svc dev` until it is ready, with an empty data folder and with a kept
 * one, and `npx hms-svc demo` until it prints what to do next. The floor of `dev` is `npx` with a program that only prints its version; the
 * floor of the demo is its waiting time by the clock.
 */
describe('first minute', () => {
  const scratch = scratchFolder()
  const folder = join(scratch.path, 'empty')
  mkdirSync(folder)
  afterAll(() => scratch.remove())

  it('from a clone to the running demo', async () => {
    const clone = join(scratch.path, 'clone')
    const cloning = nowMs()
    run('git', ['clone', '--quiet', ROOT, clone], scratch.path)
    say('git clone', [secondsSince(cloning)])
    // The first fills npm's cache for what follows.
    const floors = Array.from({ length: FLOORS }, () => {
      const from = nowMs()
      run('npm', ['ci', '--workspaces=false', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], clone)
      return secondsSince(from)
    })
    say('npm ci of the packages of the demo: floor', floors.slice(1))
    run('rm', ['-r', 'node_modules'], clone)
    const seconds = await untilPrinted('HMS-SVC is ready on', 'npm', ['run', 'demo', '--', '--data', join(scratch.path, 'cloned')], clone)
    say('npm run demo, until ready (aim: 60 s)', [seconds])
    const megabytes = run('du', ['-sm', 'node_modules'], clone).split('\t')[0]!
    process.stdout.write(`${'what it installed (aim: 200 MB)'.padEnd(50)} ${megabytes.padStart(6)} MB\n`)
  })

  it('from an empty folder to the end of the demo', async () => {
    const archive = pack(scratch.path)
    const installing = nowMs()
    InstalledPackage.install(archive, folder)
    say('npm install', [secondsSince(installing)])
    say('npx hms-svc version: floor of dev', Array.from({ length: WARM_STARTS }, version))

    const cold: number[] = []
    for (let start = 0; start < COLD_STARTS; start++) cold.push(await hmsUntil('is ready after', ['dev', '--data', `cold-${start}`]))
    say('npx hms-svc dev, empty data folder', cold)
    const warm: number[] = []
    for (let start = 0; start < WARM_STARTS; start++) warm.push(await hmsUntil('is ready after', ['dev', '--data', 'cold-0']))
    say('npx hms-svc dev, kept data folder (aim: 10 s)', warm)
    say('npx hms-svc demo (aim: 50 s)', [await hmsUntil('In another terminal:', ['demo', '--data', 'demo'])])
    process.stdout.write(`${'of it by the clock: floor of demo'.padEnd(50)} ${DEMO_WAITS_S.toFixed(1).padStart(6)} s\n`)
  })

  // npm sets variables for programs that it starts; another npm must not inherit them.
  const env = Object.fromEntries(Object.entries(cleanEnvironment()).filter(([name]) => !name.startsWith('npm_')))

  function version(): number {
    const from = nowMs()
    run('npx', ['hms-svc', 'version'], folder)
    return secondsSince(from)
  }

  function run(program: string, argv: string[], cwd: string): string {
    const { status, stdout, stderr } = spawnSync(program, argv, { cwd, env, encoding: 'utf8' })
    if (status !== 0) throw new Error(`${program} ${argv.join(' ')}: ${status}\n${stderr}`)
    return stdout
  }

  function hmsUntil(printed: string, argv: string[]): Promise<number> {
    return untilPrinted(printed, 'npx', ['hms-svc', ...argv], folder)
  }

  /** Returns the seconds until a program that stays has printed a text. The program is stopped then, as by Ctrl-C. */
  async function untilPrinted(printed: string, program: string, argv: string[], cwd: string): Promise<number> {
    const port = String(await freePort())
    const from = nowMs()
    // A group of its own: npx has a shell below it, and Ctrl-C reaches all of them.
    const child = spawn(program, [...argv, '--port', port], {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const exited = once(child, 'exit')
    let text = ''
    const seconds = await new Promise<number>((resolve, reject) => {
      const look = (chunk: string): void => {
        text += chunk
        if (text.includes(printed)) resolve(secondsSince(from))
      }
      child.stdout.setEncoding('utf8').on('data', look)
      child.stderr.setEncoding('utf8').on('data', look)
      child.once('exit', () => reject(new Error(`${program} ${argv.join(' ')} ended by itself:\n${text}`)))
      setTimeout(() => reject(new Error(`${program} ${argv.join(' ')} does not print "${printed}":\n${text}`)), GIVE_UP_MS).unref()
    }).finally(() => {
      if (child.exitCode === null) process.kill(-child.pid!, 'SIGINT')
    })
    await exited
    return seconds
  }
})

function secondsSince(from: number): number {
  return (nowMs() - from) / 1_000
}

function say(label: string, seconds: readonly number[]): void {
  const [least, most] = [Math.min(...seconds), Math.max(...seconds)]
  const range = seconds.length === 1 ? '' : `   at most ${most.toFixed(1)} s, n ${seconds.length}`
  process.stdout.write(`${label.padEnd(50)} ${least.toFixed(1).padStart(6)} s${range}\n`)
}
