const { env } = process

/** One after the other: each wants both cores. A part has specs, or a program of this folder that prints its counts. */
export const PARTS = [
  { name: 'seeds', specs: ['test/simulation'], with: { HMS_TEST_SEEDS: env['HMS_TEST_SEEDS'] ?? '10000' } },
  { name: 'model', specs: ['test/model'] },
  // A kill in every ten runs. On two cores they take forty minutes; with 5,000 runs all parts together no longer end within two hours.
  {
    name: 'kills',
    specs: ['test/kill/kill.spec.ts'],
    needs: ['kafka'],
    with: { HMS_TEST_KILLS: env['HMS_TEST_KILLS'] ?? '200', HMS_TEST_RUNS: env['HMS_TEST_RUNS'] ?? '2000' },
  },
  { name: 'clocks', specs: ['test/system/clock-skew.spec.ts'], needs: ['kafka', 'faketime'] },
  { name: 'instances', specs: ['test/kill/two-instances.spec.ts'], needs: ['kafka'] },
  { name: 'brokers', specs: ['test/system/three-brokers.spec.ts'], needs: ['kafka'] },
  { name: 'upgrade', specs: ['test/system/upgrade'], needs: ['kafka', 'history'] },
  { name: 'ofrep', specs: ['test/ofrep'] },
  { name: 'schemathesis', specs: ['test/schemathesis'] },
  // Four minutes of broken lines; HMS_TEST_SEVERED_SECONDS says otherwise, HMS_TEST_SEVERED_SEED repeats one.
  { name: 'sockets', specs: ['test/system/severed-sockets.spec.ts'] },
  { name: 'poison', specs: ['test/system/poison.spec.ts'], needs: ['kafka'] },
  { name: 'guards', program: 'mutate.mjs', needs: ['kafka'] },
  { name: 'mutants', program: 'mutants.mjs' },
]

/** Returns the parts of these names, all without a name; refuses an unknown name with the list of known ones. */
export function chooseParts(names) {
  const known = PARTS.map(({ name }) => name)
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0) return { refusal: `no part is called ${unknown.join(', ')}; known: ${known.join(', ')}` }
  return { parts: PARTS.filter(({ name }) => names.length === 0 || names.includes(name)) }
}
