import { defineConfig } from 'vitest/config'
import { deep } from './support/deep.config.js'

const root = new URL('..', import.meta.url).pathname

/** Whole systems are heavy: they come after what is quick, and the harness that kills them runs alone, or its faults would be ours. */
const SYSTEMS = ['test/kafka/**/*.spec.ts', 'test/system/**/*.spec.ts']
const KILLS = ['test/kill/**/*.spec.ts']
/**
 * With the deep tests only: a process under faketime starts several times as slowly, and two of each service want both cores for six
 * minutes.
 */
const DEEP = deep ? [] : ['test/system/clock-skew.spec.ts', 'test/kill/two-instances.spec.ts']

export default defineConfig({
  root,
  resolve: { conditions: ['source', 'node'] },
  ssr: { resolve: { conditions: ['source', 'node'] } },
  test: {
    root,
    setupFiles: ['reflect-metadata'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    passWithNoTests: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'quick',
          include: ['apps/**/*.spec.ts', 'libs/**/*.spec.ts', 'test/**/*.spec.ts'],
          exclude: [...SYSTEMS, ...KILLS],
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'systems', include: SYSTEMS, exclude: DEEP, sequence: { groupOrder: 1 } } },
      { extends: true, test: { name: 'kills', include: KILLS, exclude: DEEP, maxWorkers: 1, sequence: { groupOrder: 2 } } },
    ],
  },
})
