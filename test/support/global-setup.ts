import type { TestProject } from 'vitest/node'
import { startTestPostgres } from './postgres.js'

type Server = Awaited<ReturnType<typeof startTestPostgres>>

/** Each project loads this file for itself, all in one process: what they share stands outside of the module. */
const shared = globalThis as { hmsTestServer?: Promise<Server>; hmsTestServerUsers?: number }

/** Runs once for each project that has something to run, before all test files; what it returns runs after the last. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared.hmsTestServerUsers = (shared.hmsTestServerUsers ?? 0) + 1
  shared.hmsTestServer ??= startTestPostgres()
  const server = await shared.hmsTestServer
  project.provide('postgresUrl', server.url)
  return async () => {
    shared.hmsTestServerUsers = (shared.hmsTestServerUsers ?? 1) - 1
    if (shared.hmsTestServerUsers > 0) return
    delete shared.hmsTestServer
    await server.stop()
  }
}
