/** Sizes of a kill run. The defaults are for every day; the deep run sets 200 kills over 5,000 runs. */
export interface KillConfig {
  seed: number
  kills: number
  runs: number
}

export function readKillConfig(env: NodeJS.ProcessEnv = process.env): KillConfig {
  const number = (name: string, otherwise: number): number => {
    const text = env[name]
    if (text === undefined || text === '') return otherwise
    if (!/^\d{1,9}$/.test(text)) throw new TypeError(`${name} must be a number, not ${text}`)
    return Number(text)
  }
  return {
    seed: number('HMS_TEST_SEED', Date.now() % 1_000_000),
    kills: number('HMS_TEST_KILLS', 20),
    runs: number('HMS_TEST_RUNS', 100),
  }
}
