import { mergeConfig } from 'vitest/config'
import base from './vitest.config.js'

/** Benches are run like tests, alone and without a deadline that could cut a figure short; they print and do not judge. */
export default mergeConfig(
  { ...base, test: { ...base.test, projects: undefined, globalSetup: ['test/support/global-setup.ts'] } },
  {
    test: {
      include: ['test/bench/*.bench.ts'],
      testTimeout: 900_000,
      hookTimeout: 300_000,
      maxWorkers: 1,
      reporters: ['default'],
      disableConsoleIntercept: true,
    },
  },
)
