import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../../architecture/root.js'
import { compatibleWith, textBefore } from '../../support/documents/build-before.js'

const run = promisify(execFile)
const LOCK = 'package-lock.json'

export interface OlderBuild {
  /** Its CLI. */
  bin: string
  /** Its SDK. */
  sdk: string
}

/** Makes the build before this one from the repository's history, in a folder that does not exist yet. */
export async function buildBefore(folder: string): Promise<OlderBuild> {
  mkdirSync(folder)
  const archive = `${folder}.tar`
  await run('git', ['archive', '--output', archive, compatibleWith.commit], { cwd: ROOT })
  await run('tar', ['-xf', archive, '-C', folder])
  // The same packages at the same versions need not be fetched again.
  if (textBefore(LOCK) === readFileSync(join(ROOT, LOCK), 'utf8')) symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  else await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder })
  await run(process.execPath, ['apps/demo/bin/build.mjs'], { cwd: folder, maxBuffer: 16 * 1024 * 1024 })
  return { bin: join(folder, 'dist/apps/cli/src/main.js'), sdk: join(folder, 'dist/libs/client/src/index.js') }
}
