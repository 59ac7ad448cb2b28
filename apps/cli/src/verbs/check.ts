import { AUDIT_LOG, EXPORT, needed } from './options.js'
import { area, under, verb } from './verb.js'

/** Verbs that check files, the log, and the installation. */
export const CHECK = under('Check', [
  verb('lint <files...>', 'check policy files offline', {
    examples: ['policies/pm25.yaml', 'pm25.yaml ozone.yaml --json'],
    run: async () => (await import('../lint/lint.js')).lintFiles,
  }),
  area('audit', 'the trail of everything that was decided', [
    verb('log', 'recorded events, the newest in their order', {
      options: AUDIT_LOG,
      examples: ['--run 184', '--by "EPA Chief" --since 24h', '--type rollout.reversed'],
      run: async () => (await import('../audit/log.js')).showAuditLog,
    }),
    verb('verify', 'recompute the whole log from outside: entries, tree, signatures, witnesses', {
      run: async () => (await import('../audit/verify.js')).verifyAudit,
    }),
    verb('proof <id@version>', 'that the approval of a version is in the log', {
      examples: ['epa-pm25-limit@2.0.0'],
      complete: 'version',
      run: async () => (await import('../audit/bundle.js')).showProof,
    }),
    verb('bundle <id>', 'what proves offline that a policy is in force by right', {
      options: { '--out <file>': 'where to; ID@VERSION.bundle without it' },
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
    examples: ['--out everything.ndjson', '--check everything.ndjson'],
    run: async () => (await import('../export/export.js')).exportRecords,
  }),
  verb('doctor', 'what is wrong with this system, and what to do', {
    examples: ['', '--json'],
    run: async () => (await import('../doctor/doctor.js')).runDoctor,
  }),
  verb('whoami', 'identity this machine signs and calls with, the roster it trusts, and the setting of each', {
    examples: ['', '--json'],
    run: async () => (await import('../whoami/whoami.js')).showWhoami,
  }),
])
