/**
 * Where each spec runs: in the project of the longest entry that is its path or a folder above it. `quick` stays in its process;
 * `services` is what needs PostgreSQL or another program: all services at once, a program of all sources; `seeds` replaces what Node
 * itself signs with, which nothing else may meet; `stories` start our programs, most of them with Kafka, and tell what is promised;
 * `systems` and `kills` break them, or take long; `parts` needs another language or a tool that reads the whole tree; `deep` wants both
 * cores for minutes, or fetches other languages' packages.
 */
export const PROJECTS = {
  quick: ['apps', 'libs', 'test/architecture'],
  services: [
    'apps/audit/src/attestations/attestation.store.spec.ts',
    'apps/audit/src/entries/entry.store.spec.ts',
    'apps/audit/src/log/sequencer.spec.ts',
    'apps/audit/src/log/tree.store.spec.ts',
    'apps/cli/src/approvals/approve.spec.ts',
    'apps/cli/src/approvals/committed-by.spec.ts',
    'apps/cli/src/policies/declare-types.spec.ts',
    'apps/cli/src/watch/documented-programs.spec.ts',
    'apps/cli/src/watch/run-program.spec.ts',
    'apps/config-store/src/coverage/presence-exchange.spec.ts',
    'apps/config-store/src/delivery/instances.spec.ts',
    'apps/notifier/src/channels/email/send-email.spec.ts',
    'apps/notifier/src/channels/sftp/sftp-sender.spec.ts',
    'apps/notifier/src/channels/sftp/ssh-signature.spec.ts',
    'apps/simulator/src/replay/replay.spec.ts',
    'libs/client/src/keys/private-key.spec.ts',
    'libs/client/src/keys/ssh-agent.spec.ts',
    'libs/files/src/folder-lock/folder-lock.spec.ts',
    'libs/files/src/read-file.spec.ts',
    'libs/guard/src/cedar/engine.spec.ts',
    'libs/persistence/src/embedded',
    'test/architecture/async-api.spec.ts',
    'test/architecture/bridge-bundle.spec.ts',
    'test/architecture/cli-bundle.spec.ts',
    'test/architecture/drift.spec.ts',
    'test/architecture/migrations.spec.ts',
    'test/architecture/open-api.spec.ts',
    'test/attacks',
    'test/contracts',
    'test/kill/oracles',
    'test/regressions',
    'test/scenarios',
    'test/support',
  ],
  seeds: ['test/simulation'],
  stories: [
    'test/kafka/kafka-bus.spec.ts',
    'test/system/approve-over-http.spec.ts',
    'test/system/embedded-kill.spec.ts',
    'test/system/kafka-story.spec.ts',
    'test/system/witness.spec.ts',
  ],
  systems: ['test/kafka', 'test/model', 'test/regressions/black-hole.spec.ts', 'test/system'],
  kills: ['test/kill'],
  parts: ['test/parts'],
  deep: [
    'test/kill/two-instances.spec.ts',
    'test/ofrep',
    'test/schemathesis',
    'test/system/clock-skew.spec.ts',
    'test/system/three-brokers.spec.ts',
    'test/system/upgrade',
  ],
} as const satisfies Record<string, readonly string[]>

export type ProjectName = keyof typeof PROJECTS

const ENTRIES = (Object.entries(PROJECTS) as [ProjectName, readonly string[]][]).flatMap(([project, entries]) =>
  entries.map((entry) => ({ project, entry })),
)

/** The project of a spec, by its path below the root. */
export function projectOf(path: string): ProjectName | undefined {
  return ENTRIES.filter(({ entry }) => holds(entry, path)).sort((a, b) => b.entry.length - a.entry.length)[0]?.project
}

/** What vitest looks for, and what of it belongs to other projects. */
export function patternsOf(name: ProjectName): { include: string[]; exclude: string[] } {
  const mine = ENTRIES.filter(({ project }) => project === name)
  const others = ENTRIES.filter(({ project, entry }) => project !== name && mine.some((own) => holds(own.entry, entry)))
  return { include: mine.map(({ entry }) => patternOf(entry)), exclude: others.map(({ entry }) => patternOf(entry)) }
}

function holds(entry: string, path: string): boolean {
  return path === entry || path.startsWith(`${entry}/`)
}

function patternOf(entry: string): string {
  return entry.endsWith('.spec.ts') ? entry : `${entry}/**/*.spec.ts`
}
