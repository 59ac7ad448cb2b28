import { defineConfig } from 'vitest/config'
import { patternsOf } from './projects.js'

const root = new URL('..', import.meta.url).pathname
/** All projects but the quick one may ask for a database; they share one server. */
const globalSetup = ['test/support/global-setup.ts']

export default defineConfig({
  root,
  resolve: { conditions: ['source', 'node'] },
  ssr: { resolve: { conditions: ['source', 'node'] } },
  test: {
    root,
    setupFiles: ['reflect-metadata'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    passWithNoTests: false,
    // Whole systems are heavy: they come after what is quick, and the harness that kills them runs alone, or its faults would be ours.
    projects: [
      // Much of their time would go into loading the same files again for each spec. What one changes of its process, it changes back:
      // `--sequence.shuffle.files` shows who does not.
      { extends: true, test: { name: 'quick', ...patternsOf('quick'), isolate: false, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: 'services', ...patternsOf('services'), globalSetup, isolate: false, sequence: { groupOrder: 1 } } },
      { extends: true, test: { name: 'seeds', ...patternsOf('seeds'), globalSetup, sequence: { groupOrder: 1 } } },
      { extends: true, test: { name: 'stories', ...patternsOf('stories'), globalSetup, sequence: { groupOrder: 2 } } },
      { extends: true, test: { name: 'systems', ...patternsOf('systems'), globalSetup, sequence: { groupOrder: 3 } } },
      { extends: true, test: { name: 'parts', ...patternsOf('parts'), globalSetup, sequence: { groupOrder: 4 } } },
      { extends: true, test: { name: 'kills', ...patternsOf('kills'), globalSetup, maxWorkers: 1, sequence: { groupOrder: 5 } } },
      { extends: true, test: { name: 'deep', ...patternsOf('deep'), globalSetup, maxWorkers: 1, sequence: { groupOrder: 6 } } },
    ],
  },
})
