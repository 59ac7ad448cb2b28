// `npm run mutate [-- NAME…]`: removes the guards of the choreography one at a time, in a copy, and demands that a named test turns red.
// A guard whose removal no test notices is a promise without a check: exit 1.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GUARDS } from '../mutations/guards.mjs'
import { openLane } from '../mutations/open-lane.mjs'
import { markedFiles, removeMarked } from '../mutations/marked.mjs'
import { build } from '../../apps/demo/bin/build.mjs'
import { install } from '../../apps/demo/bin/install.mjs'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** Enough that a broken guard shows; the whole number is for the unbroken tree. */
const SEEDS = process.env['HMS_TEST_SEEDS'] ?? '300'
/** Copies of the tree that lose guards side by side: more than cores, for a test without its guard mostly waits. */
const LANES = 3

const names = process.argv.slice(2)
const unknown = names.filter((name) => !GUARDS.some((guard) => guard.name === name))
if (unknown.length > 0) {
  process.stderr.write(`no guard is called ${unknown.join(', ')}; known: ${GUARDS.map(({ name }) => name).join(', ')}\n`)
  process.exit(2)
}
if (!(await install()) || !(await build())) process.exit(1)

const marked = markedFiles(ROOT)
const chosen = GUARDS.filter(({ name }) => names.length === 0 || names.includes(name))
/** Guards of one spec together: their tests are run once with every guard in place, then once without each. */
const waiting = [...new Set(chosen.map(({ spec }) => spec))].map((spec) => chosen.filter((guard) => guard.spec === spec))
const tally = { passed: 0, failed: 0 }
await Promise.all(Array.from({ length: LANES }, takeSpecs))
process.stdout.write(`${tally.passed} passed, ${tally.failed} failed\n`)
process.exit(tally.failed === 0 ? 0 : 1)

async function takeSpecs() {
  const lane = openLane(ROOT, { ...process.env, HMS_TEST_SEEDS: SEEDS })
  try {
    for (let guards = waiting.shift(); guards !== undefined; guards = waiting.shift()) {
      for (const isRed of await judgeTogether(lane, guards)) tally[isRed ? 'passed' : 'failed']++
    }
  } finally {
    await lane.close()
  }
}

/** Whether each guard's test turns red; none does for its own sake when a test is not green once all guards are back. */
async function judgeTogether(lane, guards) {
  const [{ spec }] = guards
  const tests = [...new Set(guards.map(({ test }) => test))]
  const whole = await lane.statesOf(spec, tests)
  const judged = []
  for (const guard of guards) judged.push(await judge(lane, guard, whole.get(guard.test)))
  const again = await lane.statesOf(spec, tests)
  return guards.map((guard, at) => {
    const state = again.get(guard.test)
    if (!judged[at] || state === 'passed') return judged[at]
    return say('FAIL', guard, `"${guard.test}" is ${state} although the guard is back`)
  })
}

/** Whether the named test, `whole` with the guard, is red without it. */
async function judge(lane, guard, whole) {
  if (whole !== 'passed') return say('FAIL', guard, `the test is ${whole} although the guard is there`)
  const [file, ...others] = marked.get(guard.name) ?? []
  if (file === undefined || others.length > 0) return say('FAIL', guard, `its mark stands in ${marked.get(guard.name)?.length ?? 0} files`)
  const source = readFileSync(join(lane.copy, file), 'utf8')
  writeFileSync(join(lane.copy, file), removeMarked(file, source, guard))
  try {
    const broken = (await lane.statesOf(guard.spec, [guard.test], [file])).get(guard.test)
    return broken === 'failed'
      ? say('PASS', guard, `"${guard.test}" turns red`)
      : say('FAIL', guard, `without it "${guard.test}" is ${broken}`)
  } finally {
    writeFileSync(join(lane.copy, file), source)
  }
}

function say(verdict, guard, what) {
  process.stdout.write(`${verdict}  ${guard.name}: ${guard.guard} — ${what}\n`)
  return verdict === 'PASS'
}
