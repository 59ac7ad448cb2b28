import { statSync } from 'node:fs'
import { relative } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer } from 'vitest/node'

const root = new URL('../..', import.meta.url).pathname

/** The spec that killed the last mutant first, then small ones. The first failure ends a run. */
class LikelyKillersFirst extends BaseSequencer {
  sort(specs) {
    const ranked = specs.map((spec) => ({ spec, rank: this.rankOf(spec.moduleId) }))
    return ranked.sort((a, b) => a.rank - b.rank).map(({ spec }) => spec)
  }

  rankOf(path) {
    return this.ctx.cache.getFileTestResults(`:${relative(root, path)}`)?.failed ? 0 : statSync(path).size
  }
}

/** Runs the specs of a mutant. Each mutant has a thread of its own, in which specs share loaded modules as in `test:quick`. */
export default defineConfig({
  root,
  resolve: { conditions: ['source', 'node'] },
  ssr: { resolve: { conditions: ['source', 'node'] } },
  test: {
    root,
    include: ['libs/*/src/**/*.spec.ts'],
    isolate: false,
    runner: './test/stryker/bail-runner.mjs',
    setupFiles: ['./test/stryker/fixed-seed.mjs'],
    sequence: { sequencer: LikelyKillersFirst },
    // Stryker's clock is the only one: a test that hangs has timed out, and has not failed.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // Specs that the runner no longer loads have no tests.
    passWithNoTests: true,
    cache: false,
    reporters: [{}],
  },
})
