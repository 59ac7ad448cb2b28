import { AUDIT_LOG, EXPORT, needed } from './options.js'
import { area, under, verb } from './verb.js'

export const CHECK = under('Check', [
  verb('lint <files...>', 'check policy files, or folders of them, offline', {
    options: { '--format <format>': { about: 'sarif: a SARIF 2.1.0 log, for code scanning', choices: ['text', 'sarif'] } },
    examples: ['policies/pm25.yaml', 'pm25.yaml ozone.yaml --json', 'policies/ --format sarif'],
    run: async () => (await import('../lint/lint.js')).lintFiles,
  }),
  area('audit', 'the trail of everything that was decided', [
    verb('log', 'the newest recorded events, in log order', {
      options: AUDIT_LOG,
      examples: ['--run 184', '--by "EPA Chief" --since 24h', '--type rollout.reversed'],
      run: async () => (await import('../audit/log.js')).showAuditLog,
    }),
    verb('verify', 'recompute the whole log from outside: entries, tree, signatures, witnesses', {
      run: async () => (await import('../audit/verify.js')).verifyAudit,
    }),
    verb('proof <id@version>', 'prove that the approval of a version is in the log', {
      examples: ['epa-pm25-limit@2.0.0'],
      complete: 'version',
      run: async () => (await import('../audit/bundle.js')).showProof,
    }),
    verb('bundle <id>', 'write a file that proves offline that the policy in force was approved', {
      options: { '--out <file>': 'output file; default: ID@VERSION.bundle' },
      examples: ['epa-pm25-limit --out pm25.bundle'],
      complete: 'policy',
      run: async () => (await import('../audit/bundle.js')).writeBundle,
    }),
  ]),
  verb('verify <bundle>', 'check a bundle offline against a roster', {
    options: { '--roster <file>': needed('what `roster show --json` printed') },
    examples: ['pm25.bundle --roster roster.json'],
    run: async () => (await import('../audit/bundle.js')).verifyGivenBundle,
  }),
  verb('export', 'everything decided and every document that was ever live, with proofs, as NDJSON', {
    options: EXPORT,
    examples: ['--out everything.ndjson', '--check everything.ndjson', '--follow /srv/hms-record'],
    run: async () => (await import('../export/export.js')).exportRecords,
  }),
  verb('doctor', 'what is wrong with this system, and what to do', {
    examples: ['', '--json'],
    run: async () => (await import('../doctor/doctor.js')).runDoctor,
  }),
  verb('whoami', 'identity this machine signs and calls with, the roster it trusts, and which setting determined each', {
    examples: ['', '--json'],
    run: async () => (await import('../whoami/whoami.js')).showWhoami,
  }),
])
