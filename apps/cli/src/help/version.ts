import { createRequire } from 'node:module'
import { EXIT } from '#libs/contracts'
import type { CliContext } from '../context.js'

export function showVersion(context: CliContext): number {
  // By the package's own name: the path differs between sources and build.
  const { version } = createRequire(import.meta.url)('hms-svc/package.json') as { version: string }
  context.output.data({ name: 'hms-svc', version, node: process.versions.node }, () => [`hms-svc ${version}`])
  return EXIT.done
}
