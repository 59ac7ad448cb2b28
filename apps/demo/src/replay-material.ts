import type { ApiClient } from '#libs/client'
import { readFile } from 'node:fs/promises'

export const REPLAY_BOTS = 64
const ADAPTING_BOTS = REPLAY_BOTS - 1
const CORPUS_TIMEOUT_MS = 30_000

/** Registers what the replay runs: the readings, the scenario, and 64 bots of which one ignores the policy. */
export async function registerReplayMaterial(api: ApiClient, assets: URL): Promise<number> {
  const text = (path: string): Promise<string> => readFile(new URL(path, assets), 'utf8')
  const corpus = {
    id: 'virginia-2023',
    format: 'csv' as const,
    content: await text('virginia-2023.csv'),
    map: { at: 'date', pm25: 'pm25_ug_m3' },
  }
  const { readings } = await api.post('/v1/corpora', corpus, { timeoutMs: CORPUS_TIMEOUT_MS })
  await api.post('/v1/scenarios', { file: 'scenarios/pm25-violation.yaml', source: await text('scenarios/pm25-violation.yaml') })
  const adapting = await text('bots/inspector.js')
  for (let index = 1; index <= ADAPTING_BOTS; index++) await api.post('/v1/bots', { id: `inspector-${index}`, source: adapting })
  await api.post('/v1/bots', { id: 'hard-coded-35', source: await text('bots/hard-coded.js') })
  return readings
}
