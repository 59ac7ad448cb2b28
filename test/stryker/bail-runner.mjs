import { TestRunner } from 'vitest'

/** Loads no further spec once a test has failed: the mutant is killed, and loading specs takes longer than their tests. */
export default class BailRunner extends TestRunner {
  importFile(path, source) {
    return this.cancelRun ? undefined : super.importFile(path, source)
  }
}
