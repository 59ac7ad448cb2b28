/** Of a log and its witnesses, as the roster names them: C2SP vkeys. `until`: an earlier log, whose later checkpoints do not count. */
export interface LogKeys {
  log: string
  witnesses: string[]
  quorum: number
  until?: string
}
