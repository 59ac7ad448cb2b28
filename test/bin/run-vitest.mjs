import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const VITEST = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))

/** Runs vitest with these arguments to its end; answers its exit code. */
export function runVitest(argv, settings = {}) {
  const { status } = spawnSync(process.execPath, [VITEST, 'run', '--config', 'test/vitest.config.ts', ...argv], {
    stdio: 'inherit',
    cwd: ROOT,
    env: { ...process.env, ...settings },
  })
  return status ?? 1
}

/** The projects that a command runs, unless its user names projects or specs themselves. */
export function withProjects(projects, argv) {
  const chosen = argv.some((word) => word.startsWith('--project') || /^(apps|libs|test)\//.test(word))
  return chosen ? argv : [...projects.map((project) => `--project=${project}`), ...argv]
}

/** `name: 4 min 12 s`, counted from the start of this program. */
export function sayTime(name) {
  const seconds = Math.round(performance.now() / 1_000)
  const time = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  process.stdout.write(`${name}: ${time}\n`)
}
