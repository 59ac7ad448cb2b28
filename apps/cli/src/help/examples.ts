/** Heading of a verb in `hms-svc --help`. */
export type HelpGroup = 'Decide:' | 'Watch:' | 'Undo:' | 'Check:' | 'Build:' | 'Operate:'

interface VerbHelp {
  group: HelpGroup
  /** Complete command lines. A subcommand shows those that begin with its own words. */
  examples: readonly string[]
}

/** Id of a dead letter. */
const LETTER = '01890a5d-ac96-774b-bcce-b302099a8057'

/** Heading and examples of each verb for `--help`. A spec parses every example, and fails for a verb without one. */
export const VERB_HELP: Readonly<Record<string, VerbHelp>> = {
  plan: {
    group: 'Decide:',
    examples: ['hms-svc plan policies/pm25.yaml --report impact.html', 'hms-svc plan pm25.yaml ozone.yaml --json'],
  },
  approve: {
    group: 'Decide:',
    examples: [
      'hms-svc approve policies/pm25.yaml --sign "EPA Chief" --watch',
      'hms-svc approve pm25.yaml ozone.yaml --sign "EPA Chief" --canary 5% --scope region:NCR --observe 10m',
      'hms-svc approve sha256:9f2c… --sign "EPA Counsel"',
    ],
  },
  approvals: {
    group: 'Decide:',
    examples: [
      'hms-svc approvals list',
      'hms-svc approvals show sha256:9f2c…',
      'hms-svc approvals reject sha256:9f2c… --reason "units are wrong" --sign "EPA Counsel"',
    ],
  },
  'break-glass': {
    group: 'Decide:',
    examples: [
      'hms-svc break-glass policies/pm25.yaml --sign "EPA Chief" --sign "EPA Counsel" --reason "bots alert on clean air" --watch',
      'hms-svc break-glass pm25.yaml ozone.yaml --sign "EPA Chief" --sign "EPA Counsel" --reason "wrong units since the release"',
    ],
  },
  sign: {
    group: 'Decide:',
    examples: [
      'hms-svc sign statement.json --sign "EPA Chief"',
      'hms-svc sign statement.json --sign "EPA Chief" --expect-digest sha256:9f2c… > envelope.json',
    ],
  },
  tickets: {
    group: 'Decide:',
    examples: [
      'hms-svc tickets list',
      'hms-svc tickets show 12',
      'hms-svc tickets decide 12 --decision promote --reason "sensor replaced" --sign "EPA Chief"',
    ],
  },
  freezes: {
    group: 'Decide:',
    examples: [
      'hms-svc freezes add election-week.yaml --sign "EPA Chief"',
      'hms-svc freezes list',
      'hms-svc freezes lift election-week --reason "counted" --sign "EPA Chief"',
    ],
  },
  'stop-the-line': {
    group: 'Decide:',
    examples: [
      'hms-svc stop-the-line on --reason "readings are wrong" --sign "EPA Chief"',
      'hms-svc stop-the-line off --reason "readings are right again" --sign "EPA Chief"',
    ],
  },
  runs: {
    group: 'Watch:',
    examples: [
      'hms-svc runs list',
      'hms-svc runs show 184',
      'hms-svc runs watch 184 --timeout 30m',
      'hms-svc runs pause 184 --reason "waiting for the lab" --sign "EPA Chief"',
      'hms-svc runs resume 184 --reason "lab agrees" --sign "EPA Chief"',
      'hms-svc runs promote 184 --reason "seen enough" --sign "EPA Chief"',
      'hms-svc runs extend 184 --by 10m --reason "few readings" --sign "EPA Chief"',
      'hms-svc runs retry 184 --reason "bots are back" --sign "EPA Chief"',
      'hms-svc runs abort 184 --reason "wrong file" --sign "EPA Chief"',
    ],
  },
  simulations: { group: 'Watch:', examples: ['hms-svc simulations show 184', 'hms-svc simulations show 184 --report impact.html'] },
  coverage: { group: 'Watch:', examples: ['hms-svc coverage', 'hms-svc coverage epa-pm25-limit --json'] },
  get: {
    group: 'Watch:',
    examples: [
      'hms-svc get epa-pm25-limit',
      'hms-svc get epa-pm25-limit.limit',
      'hms-svc get epa-pm25-limit --region NCR --bot inspector-7',
      'hms-svc get epa-pm25-limit --at 2026-03-01T00:00:00Z',
      'hms-svc get epa-pm25-limit --version 1.5.0 --json',
    ],
  },
  watch: {
    group: 'Watch:',
    examples: ['hms-svc watch epa-pm25-limit', 'hms-svc watch epa-pm25-limit --exec ./reload-nginx'],
  },
  policies: {
    group: 'Watch:',
    examples: ['hms-svc policies list', 'hms-svc policies list --region NCR --json', 'hms-svc policies restore epa-pm25-limit'],
  },
  history: { group: 'Watch:', examples: ['hms-svc history epa-pm25-limit', 'hms-svc history epa-pm25-limit --limit 5 --json'] },
  rollback: {
    group: 'Undo:',
    examples: [
      'hms-svc rollback epa-pm25-limit@1.5.0',
      'hms-svc rollback epa-pm25-limit@1.2.0 --reason "1.5.0 was wrong, too" --sign "EPA Chief"',
    ],
  },
  withdraw: { group: 'Undo:', examples: ['hms-svc withdraw epa-pm25-limit --reason "replaced by state rules" --sign "EPA Chief"'] },
  lint: { group: 'Check:', examples: ['hms-svc lint policies/pm25.yaml', 'hms-svc lint pm25.yaml ozone.yaml --json'] },
  audit: {
    group: 'Check:',
    examples: [
      'hms-svc audit log --run 184',
      'hms-svc audit log --by "EPA Chief" --since 24h',
      'hms-svc audit log --type rollout.reversed',
      'hms-svc audit verify',
      'hms-svc audit proof epa-pm25-limit@2.0.0',
      'hms-svc audit bundle epa-pm25-limit --out pm25.bundle',
    ],
  },
  verify: { group: 'Check:', examples: ['hms-svc verify pm25.bundle --roster roster.json'] },
  export: { group: 'Check:', examples: ['hms-svc export --out everything.ndjson', 'hms-svc export --check everything.ndjson'] },
  doctor: { group: 'Check:', examples: ['hms-svc doctor', 'hms-svc doctor --json'] },
  whoami: { group: 'Check:', examples: ['hms-svc whoami', 'hms-svc whoami --json'] },
  bots: {
    group: 'Build:',
    examples: ['hms-svc bots add inspector.mjs --id inspector --critical', 'hms-svc bots list'],
  },
  scenarios: { group: 'Build:', examples: ['hms-svc scenarios add pm25-violation.yaml', 'hms-svc scenarios list'] },
  corpora: {
    group: 'Build:',
    examples: ['hms-svc corpora add virginia.csv --id virginia-2023 --map at=date,pm25=pm25_ug_m3', 'hms-svc corpora list'],
  },
  schemas: { group: 'Build:', examples: ['hms-svc schemas add limit.schema.json --name limit', 'hms-svc schemas list'] },
  alert: {
    group: 'Build:',
    examples: [`hms-svc alert --bot inspector-7 --region NCR --kind Violation --value 30 --reading '{"id":"r1","pm25":30}'`],
  },
  sidecar: { group: 'Build:', examples: ['hms-svc sidecar --port 7185', 'hms-svc sidecar --socket /run/hms.sock'] },
  types: { group: 'Build:', examples: ['hms-svc types > policies.d.ts'] },
  webhooks: {
    group: 'Build:',
    examples: [
      'hms-svc webhooks listen --forward http://127.0.0.1:8900/hms',
      'hms-svc webhooks trigger policy.updated --forward http://127.0.0.1:8900/hms --secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    ],
  },
  dev: { group: 'Operate:', examples: ['hms-svc dev', 'hms-svc dev --port 8080 --data /var/tmp/hms', 'hms-svc dev --reset'] },
  demo: { group: 'Operate:', examples: ['hms-svc demo', 'hms-svc demo --once --observe 5s'] },
  serve: { group: 'Operate:', examples: ['hms-svc serve approver linter', 'hms-svc serve --all', 'hms-svc serve edge'] },
  migrate: { group: 'Operate:', examples: ['hms-svc migrate'] },
  recover: { group: 'Operate:', examples: ['hms-svc recover', 'hms-svc recover --data .hms --ahead 1000000'] },
  topics: {
    group: 'Operate:',
    examples: [
      'hms-svc topics list',
      'hms-svc topics tail',
      'hms-svc topics tail canary --from 10m',
      'hms-svc topics tail --run 184 --json',
      'hms-svc topics diff',
      'hms-svc topics apply',
      'hms-svc topics republish --since 2h',
    ],
  },
  dlq: {
    group: 'Operate:',
    examples: [
      'hms-svc dlq list --service rollout',
      `hms-svc dlq show ${LETTER}`,
      `hms-svc dlq replay rollout/${LETTER}`,
      `hms-svc dlq discard rollout/${LETTER} --reason "of a test"`,
    ],
  },
  partners: {
    group: 'Operate:',
    examples: [
      'hms-svc partners add va-deq.yaml',
      'hms-svc partners list',
      'hms-svc partners test va-deq --explain',
      'hms-svc partners deliveries va-deq --state dead',
      'hms-svc partners delivery 01J9ZK',
      'hms-svc partners resubscribe va-deq --address air@va.example --reason "they asked for it"',
      'hms-svc partners redrive --failed --since 2h --reason "their server is back"',
    ],
  },
  roster: {
    group: 'Operate:',
    examples: [
      'hms-svc roster show',
      'hms-svc roster show --document > next.yaml',
      'hms-svc roster propose next.yaml',
      'hms-svc roster sign --sign "EPA Chief"',
    ],
  },
  keys: {
    group: 'Operate:',
    examples: [
      'hms-svc keys create --name "EPA Chief"',
      'hms-svc keys create --name "EPA Chief" --agent',
      'hms-svc keys list',
      'hms-svc keys export "EPA Chief" --json',
    ],
  },
  tokens: {
    group: 'Operate:',
    examples: [
      'hms-svc tokens create --scope bot:inspector-7 --region NCR --expires 90d --sign "EPA Chief"',
      'hms-svc tokens list --sign "EPA Chief"',
      'hms-svc tokens revoke 01J9ZK --sign "EPA Chief"',
    ],
  },
  completion: {
    group: 'Operate:',
    examples: [
      'hms-svc completion bash > /etc/bash_completion.d/hms-svc',
      'hms-svc completion zsh > "${fpath[1]}/_hms-svc"',
      'hms-svc completion fish > ~/.config/fish/completions/hms-svc.fish',
      'hms-svc completion powershell >> $PROFILE',
    ],
  },
  version: { group: 'Operate:', examples: ['hms-svc version', 'hms-svc version --json'] },
  help: { group: 'Operate:', examples: ['hms-svc help exit-codes', 'hms-svc help environment', 'hms-svc help approve'] },
}
