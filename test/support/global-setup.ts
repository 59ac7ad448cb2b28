import type { TestProject } from 'vitest/node'
import { startTestPostgres } from './postgres.js'

/** Runs once before all test files; what it returns runs after the last. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startTestPostgres()
  project.provide('postgresUrl', server.url)
  return server.stop
}
