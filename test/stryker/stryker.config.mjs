/**
 * Breaks conditions, comparisons, logical operators and booleans. With literals, calls and whole blocks there are 9,725 mutants instead of
 * 5,040, each takes half a second of processor or more, and two cores have 30 minutes. `mutants.mjs` adds files, specs and results.
 */
export default {
  mutator: {
    excludedMutations: [
      'ArithmeticOperator',
      'ArrayDeclaration',
      'ArrowFunction',
      'AssignmentOperator',
      'BlockStatement',
      'MethodExpression',
      'ObjectLiteral',
      'OptionalChaining',
      'Regex',
      'StringLiteral',
      'UnaryOperator',
      'UpdateOperator',
    ],
  },
  // What runs while a module loads needs a new process for each mutant: 10 s instead of half a second.
  ignoreStatic: true,
  testRunner: 'vitest',
  vitest: { configFile: 'test/stryker/vitest.config.mjs', related: false },
  coverageAnalysis: 'perTest',
  plugins: ['@stryker-mutator/vitest-runner'],
  ignorePatterns: ['/apps', '/dist', '/docs', '/k8s', '/.ci', '/.github', '/.hms', '/.stryker'],
  // oxc removes the types; comments that switch their check off would change the files.
  disableTypeChecks: false,
  timeoutMS: 30_000,
  timeoutFactor: 10,
  // The incremental file is the report. Without a reporter Stryker warns.
  reporters: [],
  logLevel: 'error',
  allowConsoleColors: false,
  tempDirName: '.stryker/tmp',
}
