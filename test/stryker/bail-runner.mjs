import { TestRunner } from 'vitest'

/** Loads no further spec once a test has failed: the mutant is killed, and loading the rest would take longer than the test that killed it. */
export default class BailRunner extends TestRunner {
  importFile(path, source) {
    return this.cancelRun ? undefined : super.importFile(path, source)
  }
}
