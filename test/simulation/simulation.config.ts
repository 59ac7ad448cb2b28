/** How many seeds are played, and by which alone; of whoever runs the tests. */
export const seedCount = Number(process.env['HMS_TEST_SEEDS'] ?? 300)
export const onlySeed = process.env['SEED'] === undefined ? undefined : Number(process.env['SEED'])
