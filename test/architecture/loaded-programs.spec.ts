import { expect, it } from 'vitest'
import type { DemoModule } from '../../apps/cli/src/hosting/demo.js'
import type { ConsoleModule } from '../../apps/cli/src/hosting/embedded-system.js'
import type { SidecarModule } from '../../apps/cli/src/hosting/sidecar.js'
import type { ConsoleModule as ConsoleOfEdge } from '../../apps/edge/src/edge.js'
import type { addConsole } from '../../apps/console/src/console.js'
import type { playDemo } from '../../apps/demo/src/demo.js'
import type { serveSidecar } from '../../apps/sidecar/src/serve-sidecar.js'
import { sourcesOf } from './root.js'

type Options<F, At extends number> = F extends (...args: infer A) => unknown ? NonNullable<A[At]> : never

/** Does not compile unless the program reads every option that the CLI passes. */
function passes<Passed, Read>(name: [Exclude<keyof Passed, keyof Read>] extends [never] ? string : never): string {
  return name
}

/** Does not compile unless the program returns every member that the CLI reads. */
function returns<Mirror extends (...args: never) => unknown, Program extends (...args: never) => unknown>(
  name: [Exclude<keyof Awaited<ReturnType<Mirror>>, keyof Awaited<ReturnType<Program>>>] extends [never] ? string : never,
): string {
  return name
}

const COMPARED = [
  passes<Options<ConsoleModule['addConsole'], 1>, Options<typeof addConsole, 1>>('ConsoleModule'),
  passes<Options<ConsoleOfEdge['addConsole'], 1>, Options<typeof addConsole, 1>>('ConsoleModule'),
  passes<Options<DemoModule['playDemo'], 0>, Options<typeof playDemo, 0>>('DemoModule'),
  returns<DemoModule['playDemo'], typeof playDemo>('DemoModule'),
  passes<Options<SidecarModule['serveSidecar'], 1>, Options<typeof serveSidecar, 1>>('SidecarModule'),
  returns<SidecarModule['serveSidecar'], typeof serveSidecar>('SidecarModule'),
]

it('each interface by which the CLI calls a program that it loads by name is compared with that program', () => {
  const mirrors = sourcesOf('apps/cli/src', /\.ts$/).flatMap(({ text }) =>
    [...text.matchAll(/loadProgram<(\w+)>/g)].map(([, name]) => name!),
  )
  expect([...new Set(mirrors)].filter((name) => name !== 'T').sort()).toEqual([...new Set(COMPARED)])
})
