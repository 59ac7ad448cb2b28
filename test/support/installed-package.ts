import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../architecture/root.js'
import { cleanEnvironment } from './processes.config.js'

const INSTALL_MS = 300_000

export interface Ran {
  code: number | null
  stdout: string
  stderr: string
}

/** What a user has after `npm install hms-svc` in an empty folder. */
export class InstalledPackage {
  private constructor(readonly folder: string) {}

  /** `archive`: of `pack`; `flags`: further ones for npm, as `--omit=optional`. */
  static install(archive: string, folder: string, flags: readonly string[] = []): InstalledPackage {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'an-app', private: true, type: 'module' }))
    npm(folder, 'install', archive, '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', ...flags)
    return new InstalledPackage(folder)
  }

  get program(): string {
    return join(this.folder, 'node_modules/hms-svc/dist/apps/cli/src/main.js')
  }

  has(name: string): boolean {
    return this.packages().includes(name)
  }

  packages(): string[] {
    const { packages } = JSON.parse(readFileSync(join(this.folder, 'node_modules/.package-lock.json'), 'utf8')) as { packages: object }
    return Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, ''))
  }

  megabytes(): number {
    const files = readdirSync(join(this.folder, 'node_modules'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    const bytes = files.reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
    return Math.round(bytes / 1024 / 1024)
  }

  /** Runs a module's text in the folder. */
  module(text: string, node = process.execPath): Ran {
    return this.node(node, ['--input-type=module', '--eval', text])
  }

  hms(argv: readonly string[], node = process.execPath): Ran {
    return this.node(node, [this.program, ...argv])
  }

  /** A program that stays until it is ended. */
  start(argv: readonly string[], node: string): ReturnType<typeof spawn> {
    return spawn(node, [this.program, ...argv], { cwd: this.folder, env: this.environment(), stdio: 'ignore' })
  }

  private node(node: string, argv: readonly string[]): Ran {
    const ran = spawnSync(node, argv, { cwd: this.folder, env: this.environment(), encoding: 'utf8', timeout: 60_000 })
    return { code: ran.status, stdout: ran.stdout, stderr: ran.stderr }
  }

  private environment(): Record<string, string> {
    return { ...cleanEnvironment(), HMS_KEY_PASSPHRASE: 'a passphrase of the test', HMS_KEYS_DIR: join(this.folder, 'keys') }
  }
}

/** The archive of `npm pack`, from what is built. */
export function pack(folder: string): string {
  return join(folder, npm(ROOT, 'pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder).trim().split('\n').at(-1)!)
}

function npm(cwd: string, ...argv: string[]): string {
  // npm sets variables for programs that it starts; this one must not inherit those of the test's npm.
  const env = Object.fromEntries(Object.entries(cleanEnvironment()).filter(([name]) => !name.startsWith('npm_')))
  const { status, stdout, stderr } = spawnSync('npm', argv, { cwd, env, encoding: 'utf8', timeout: INSTALL_MS })
  if (status !== 0) throw new Error(`npm ${argv.join(' ')}: ${status}\n${stderr}\n${stdout.slice(-2_000)}`)
  return stdout
}
