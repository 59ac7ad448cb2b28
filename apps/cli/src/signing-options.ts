/** Options of verbs that sign a decision. */
export const REASON = ['--reason <text>', 'why: kept with the log, for people of the installation'] as const
export const PUBLIC_REASON = ['--public-reason <text>', 'the reason sent to partners; the reason itself stays internal'] as const
export const PASSPHRASE_FILE = ['--passphrase-file <file>', 'file that holds the passphrase (HMS_KEY_PASSPHRASE)'] as const
