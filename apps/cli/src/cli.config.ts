import { EDGE_PORT } from '#libs/contracts'

/** Environment of the CLI. Empty variables count as unset, except NO_COLOR and FORCE_COLOR, which have their own rules. */
export type CliEnvironment = ReturnType<typeof readCliEnvironment>

export function readCliEnvironment(variables: Readonly<Record<string, string | undefined>> = process.env) {
  const lookup = (name: string): string | undefined => (variables[name] === '' ? undefined : variables[name])
  return {
    /** Base address of the services, without a trailing slash. */
    url: lookup('HMS_URL') ?? `http://127.0.0.1:${EDGE_PORT}`,
    /** Data folder as given; it need not exist. */
    dataDir: lookup('HMS_DATA_DIR') ?? '.hms',
    keysDir: lookup('HMS_KEYS_DIR'),
    passphrase: lookup('HMS_KEY_PASSPHRASE'),
    agentSocket: lookup('SSH_AUTH_SOCK'),
    token: lookup('HMS_TOKEN'),
    /** As written; `dev` and `demo` check it. */
    port: lookup('HMS_PORT'),
    noColor: variables['NO_COLOR'],
    forceColor: variables['FORCE_COLOR'],
    /** Returns any variable by its name; used for `env:NAME` in a partner's file, among others. */
    lookup,
  }
}

/** Returns the whole environment, for programs that the CLI starts. */
export function inheritedEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env
}
