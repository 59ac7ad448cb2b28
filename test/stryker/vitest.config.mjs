import { statSync } from 'node:fs'
import { relative } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer } from 'vitest/node'

const root = new URL('../..', import.meta.url).pathname

/** The spec that killed the last mutant first, then those of the mutated libraries, small ones first. The first failure ends a run. */
class LikelyKillersFirst extends BaseSequencer {
  sort(specs) {
    const ranked = specs.map((spec) => ({ spec, rank: this.rankOf(spec.moduleId) }))
    return ranked.sort((a, b) => a.rank - b.rank).map(({ spec }) => spec)
  }

  rankOf(path) {
    if (this.ctx.cache.getFileTestResults(`:${relative(root, path)}`)?.failed) return 0
    return statSync(path).size + (/\/libs\/(pipeline|signing|guard)\//.test(path) ? 0 : 1e6)
  }
}

/** The specs that judge a mutant, in their process as in `test:quick`. A mutant has a thread of its own, which loads a module once for all. */
export default defineConfig({
  root,
  resolve: { conditions: ['source', 'node'] },
  ssr: { resolve: { conditions: ['source', 'node'] } },
  test: {
    root,
    include: ['libs/{pipeline,signing,guard,ofrep,client}/src/**/*.spec.ts'],
    exclude: ['libs/guard/src/cedar/engine.spec.ts', 'libs/client/src/keys/{private-key,ssh-agent}.spec.ts'],
    isolate: false,
    runner: './test/stryker/bail-runner.mjs',
    sequence: { sequencer: LikelyKillersFirst },
    // Stryker's clock is the only one: a test that hangs has timed out, and has not failed.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // What the runner does not load any more has no tests.
    passWithNoTests: true,
    cache: false,
    reporters: [{}],
  },
})
