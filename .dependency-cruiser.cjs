// Who may import whom: the table of design §8, checked on sources (type imports count as imports).

/** Each lib, and the libs it may import. A ninth service needs no line here, a new lib one. */
const LIBS = {
  contracts: [],
  files: ['contracts'],
  signing: ['contracts'],
  policy: ['contracts'],
  // Apart from policy: their engines take longer to load than all that a reader of policies needs.
  lint: ['contracts', 'pattern', 'policy'],
  scenario: ['contracts', 'pattern', 'policy'],
  pattern: [],
  pipeline: ['contracts', 'policy'],
  guard: ['contracts', 'policy', 'scenario', 'signing'],
  impact: ['contracts'],
  export: ['contracts', 'signing'],
  platform: ['contracts'],
  persistence: ['contracts', 'files', 'platform'],
  process: ['contracts', 'files', 'platform', 'signing'],
  'kafka-socket': ['contracts'],
  messaging: ['contracts', 'kafka-socket', 'signing', 'persistence', 'platform'],
  witness: ['contracts', 'files', 'platform', 'signing'],
  service: ['contracts', 'kafka-socket', 'process', 'signing', 'guard', 'messaging', 'persistence', 'platform'],
  stage: ['contracts', 'signing', 'guard', 'pipeline', 'messaging', 'persistence', 'platform', 'service'],
  evaluation: ['contracts', 'policy', 'signing'],
  // Only when a policy in force names a schema.
  ofrep: ['contracts', 'evaluation', 'lint', 'platform', 'signing'],
  client: ['contracts', 'evaluation', 'files', 'kafka-socket', 'policy', 'signing'],
  // What an auditor reads: nothing of ours may come with it.
  verify: [],
}
const PURE = '^libs/(contracts|evaluation|policy|pattern|lint|scenario|pipeline|signing|guard)/'
const SPEC = '\\.(spec|suite|fixture)\\.ts$'
const pkg = (...names) => `(^|node_modules/)(@types/)?(${names.join('|')})(/|$)`
/** What `npm install --omit=optional` must leave whole. */
const LIGHT =
  '^(libs/(contracts|files|signing|policy|pattern|lint|scenario|guard|kafka-socket|evaluation|client|impact|verify|export)/|apps/cli/src/(?!hosting/))'
const core = (...names) => `^(node:)?(${names.join('|')})(/|$)`

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...Object.entries(LIBS).map(([lib, allowed]) => ({
      name: `lib-${lib}`,
      comment: `libs/${lib} may import ${allowed.length === 0 ? 'no other lib' : allowed.join(', ')}`,
      severity: 'error',
      from: { path: `^libs/${lib}/` },
      to: { path: '^libs/', pathNot: `^libs/(${[lib, ...allowed].join('|')})/` },
    })),
    {
      name: 'libs-in-the-table',
      comment: 'a lib that the table does not know has no rules',
      severity: 'error',
      from: { path: '^libs/', pathNot: `^libs/(${Object.keys(LIBS).join('|')})/` },
      to: {},
    },
    {
      name: 'verify-needs-node-alone',
      comment: 'hms-svc/verify has no dependency',
      severity: 'error',
      from: { path: '^libs/verify/', pathNot: SPEC },
      to: { pathNot: ['^libs/verify/', core('crypto')] },
    },
    {
      name: 'bridge-needs-no-node',
      comment: 'hms-svc/bridge runs in a browser; what its bundle brings along of the SDK is looked at by its own test',
      severity: 'error',
      from: { path: '^libs/client/src/bridge/', pathNot: [SPEC, '/testing/'] },
      to: { dependencyTypes: ['core', 'npm', 'npm-optional'] },
    },
    { name: 'libs-never-import-apps', severity: 'error', from: { path: '^libs/' }, to: { path: '^apps/' } },
    {
      name: 'apps-never-import-apps',
      comment: 'services meet on topics; programs that start others load them by name at run time, and import their types',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'barrels-only',
      comment: 'a lib is imported as #libs/<name>, and by tests as #libs/<name>/testing; nothing deeper',
      severity: 'error',
      from: { path: '^(apps|libs)/([^/]+)/' },
      to: { path: '^libs/', pathNot: ['^libs/[^/]+/src/(testing/)?index\\.ts$', '^$1/$2/'] },
    },
    {
      name: 'never-tests',
      comment: 'what ships does not need test/',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: SPEC },
      to: { path: '^test/' },
    },
    {
      name: 'specs-are-leaves',
      comment: 'what ships needs no specs, and no memory adapters',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: `(${SPEC}|/testing/)` },
      to: { path: `(${SPEC}|/testing/|${pkg('vitest', 'fast-check', 'standardwebhooks')})` },
    },
    {
      name: 'pure-libs-no-framework',
      severity: 'error',
      from: { path: PURE, pathNot: SPEC },
      to: { path: pkg('@nestjs', 'typeorm', 'kafkajs', 'pg', 'fastify', 'ws', 'undici', 'rxjs', 'pino', 'prom-client', 'class-validator') },
    },
    {
      name: 'pure-libs-no-io',
      severity: 'error',
      from: { path: PURE, pathNot: SPEC },
      to: {
        path: core(
          'fs',
          'net',
          'tls',
          'dgram',
          'dns',
          'http',
          'https',
          'http2',
          'child_process',
          'worker_threads',
          'cluster',
          'timers',
          'process',
          'os',
        ),
      },
    },
    {
      name: 'kafkajs-behind-its-port',
      comment: 'services reach Kafka through the bus; hms-svc/kafka reads it for bots, who must not have to load the services for that',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: ['^libs/messaging/src/kafka/', '^libs/client/src/kafka/'] },
      to: { path: pkg('kafkajs') },
    },
    {
      name: 'hms-svc-without-kafka',
      comment: 'whoever imports hms-svc alone loads no Kafka client: nothing of the package comes to hms-svc/kafka',
      severity: 'error',
      from: { path: '^libs/client/src/', pathNot: ['^libs/client/src/kafka/', '/testing/'] },
      to: { path: '^libs/client/src/kafka/' },
    },
    {
      name: 'openfeature-behind-its-door',
      comment: 'the SDK of OpenFeature is an optional peer: hms-svc/openfeature alone needs it, and nothing of the package comes to that',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: ['^libs/client/src/openfeature/', SPEC] },
      to: { path: ['^libs/client/src/openfeature/', pkg('@openfeature')] },
    },
    {
      name: 'openfeature-types-alone',
      comment: 'hms-svc/openfeature loads in an app that has not installed the SDK: it takes types of it, and nothing at run time',
      severity: 'error',
      from: { path: '^libs/client/src/openfeature/', pathNot: SPEC },
      to: { path: pkg('@openfeature'), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'light-install',
      comment: 'the client, and the verbs that run no service, load without the optional packages; ADR 0071',
      severity: 'error',
      from: { path: LIGHT, pathNot: [SPEC, '/testing/'] },
      to: { dependencyTypes: ['npm-optional'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'light-verbs',
      comment: 'the libs of the services bring optional packages along: verbs that run no service do without them; ADR 0071',
      severity: 'error',
      from: { path: LIGHT, pathNot: [SPEC, '/testing/'] },
      to: { path: '^libs/', pathNot: LIGHT, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'typeorm-at-the-edge',
      comment: 'tables, migrations and stores know TypeORM; rules and handlers know ports',
      severity: 'error',
      from: {
        path: '^(apps|libs)/',
        pathNot: ['^libs/(persistence|service)/', '/src/migrations/', '\\.store\\.postgres\\.ts$', '\\.module\\.ts$'],
      },
      to: { path: pkg('typeorm') },
    },
    {
      name: 'pg-at-the-edge',
      severity: 'error',
      from: {
        path: '^(apps|libs)/',
        pathNot: ['^libs/(persistence|service)/', '^libs/messaging/src/embedded/', '\\.store\\.postgres\\.ts$', SPEC],
      },
      to: { path: pkg('pg') },
    },
    {
      name: 'small-programs',
      comment: 'edge and witness load no framework of the services to read a configuration and a key; the console stands in the edge',
      severity: 'error',
      from: { path: '^apps/(console|edge|witness)/src/', pathNot: SPEC },
      to: { path: pkg('@nestjs', 'typeorm', 'pg', 'kafkajs', '@cedar-policy', 'rxjs'), reachable: true },
    },
    {
      name: 'serve-loads-late',
      comment: 'the command that starts edge and witness too loads the services where it starts one, not before',
      severity: 'error',
      from: { path: '^apps/cli/src/hosting/serve\\.ts$' },
      to: { path: '^libs/(messaging|persistence|service|stage)/', dynamic: false },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'resolvable',
      comment: 'scripts of the panes page load the bundles that the build makes',
      severity: 'error',
      from: { pathNot: '^apps/console/assets/(panes|pane-frame)\\.js$' },
      to: { couldNotResolve: true },
    },
    {
      name: 'declared-dependencies',
      comment: 'what ships uses what package.json pins, or leaves to its user as a peer; what builds it, or is bundled for pages, does not',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: `(${SPEC}|/testing/|^apps/(console|demo)/bin/|^libs/signing/src/crypto/page.ts$)` },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['npm-peer'] },
    },
    {
      name: 'built-without-tools',
      comment: 'the demo installs what the root pins, without the tools of test/tools; ADR 0098',
      severity: 'error',
      from: { path: '^(apps/(console|demo)/bin/|libs/signing/src/crypto/page\\.ts$)' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      conditionNames: ['source', 'import', 'node', 'default', 'types'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.tsx', '.mts', '.js', '.mjs', '.cjs', '.d.ts'],
    },
  },
}
