// A vitest that stays, started by `npm run mutate` in a copy of the tree: what loses no guard is transformed once, and one PostgreSQL serves
// all specs. Asked over IPC with `{ spec, tests, changed }`, paths below the copy; answers with a state of each title that it met.
import { resolve } from 'node:path'
import { createVitest } from 'vitest/node'

/** Many a test waits without its guard for what never comes. */
const TEST_MS = 30_000

const vitest = await createVitest('test', {
  config: 'test/vitest.config.ts',
  watch: false,
  reporters: [{}],
  silent: true,
  testTimeout: TEST_MS,
})
await vitest.standalone()
// Otherwise the database would stay when a run that hangs is ended.
process.once('SIGTERM', () => void vitest.exit(true))
process.on('message', async ({ spec, tests, changed }) => {
  for (const file of changed) vitest.invalidateFile(resolve(file))
  vitest.setGlobalTestNamePattern(tests.map((test) => test.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'))
  const specifications = (await vitest.getRelevantTestSpecifications([spec])).filter(({ moduleId }) => moduleId === resolve(spec))
  const { testModules } = await vitest.runTestSpecifications(specifications)
  const met = testModules.flatMap(({ children }) => [...children.allTests()])
  process.send(met.map((test) => ({ title: test.name, state: test.result().state })))
})
process.send('ready')
