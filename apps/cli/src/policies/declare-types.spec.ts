import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { declareTypes } from './declare-types.js'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const POLICIES = [
  {
    id: 'ozone-limit',
    version: '1.0.0',
    value: { id: 'ozone-limit', version: '1.0.0', effective: '2024-09-01T00:00:00Z', limit: 70 },
  },
  {
    id: 'epa-pm25-limit',
    version: '2.0.0',
    value: {
      id: 'epa-pm25-limit',
      version: '2.0.0',
      effective: '2024-09-01T00:00:00Z',
      limit: 25,
      units: 'ug_per_m3',
      tags: ['air'],
      'per-region': { NCR: { max: 35.5, on: true } },
      mixed: [1, 'a', null, { a: [] }],
      none: null,
      empty: {},
    },
  },
]

/** Returns the compiler's messages for a program that imports the package from its sources. */
function compile(declarations: string, program: string): string[] {
  const files = new Map([
    [`${ROOT}hms-policies.d.ts`, declarations],
    [`${ROOT}program.ts`, program],
  ])
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    customConditions: ['source'],
    experimentalDecorators: true,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
    paths: {
      'hms-svc': [`${ROOT}libs/client/src/index.ts`],
      'hms-svc/*': [`${ROOT}libs/client/src/*/index.ts`],
    },
  }
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (path) => files.has(path) || fileExists(path)
  host.readFile = (path) => files.get(path) ?? readFile(path)
  host.getSourceFile = (path, version, ...rest) =>
    files.has(path) ? ts.createSourceFile(path, files.get(path)!, version) : getSourceFile(path, version, ...rest)
  const compiled = ts.createProgram([...files.keys()], options, host)
  const found = [...files.keys()].flatMap((path) => {
    const source = compiled.getSourceFile(path)!
    return [...compiled.getSyntacticDiagnostics(source), ...compiled.getSemanticDiagnostics(source)]
  })
  return found.map(({ code, file, start, messageText }) => {
    const line = file!.getLineAndCharacterOfPosition(start!).line + 1
    return `${line} TS${code} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
}

describe('types of the policies in force', () => {
  it('follow the values, sorted by id', () => {
    expect(declareTypes(POLICIES).slice(5, -2)).toEqual([
      '    /** As of 2.0.0. */',
      '    "epa-pm25-limit": {',
      '      readonly id: "epa-pm25-limit"',
      '      readonly version: string',
      '      readonly effective: string',
      '      readonly limit: number',
      '      readonly units: string',
      '      readonly tags: readonly string[]',
      '      readonly "per-region": { readonly NCR: { readonly max: number; readonly on: boolean } }',
      '      readonly mixed: readonly (number | string | null | { readonly a: readonly unknown[] })[]',
      '      readonly none: null',
      '      readonly empty: Record<string, never>',
      '    }',
      '    /** As of 1.0.0. */',
      '    "ozone-limit": {',
      '      readonly id: "ozone-limit"',
      '      readonly version: string',
      '      readonly effective: string',
      '      readonly limit: number',
      '    }',
    ])
  })

  it('let correct programs compile, and none with a wrong id, field or type', { timeout: 600_000 }, () => {
    const program = [
      "import { connect, getPolicy } from 'hms-svc'",
      'const hms = await connect()',
      "const limit: number = await getPolicy('epa-pm25-limit').limit",
      "const max: number = hms.get('epa-pm25-limit')['per-region'].NCR.max",
      "const before: number = await getPolicy('ozone-limit', { at: new Date(0) }).limit",
      "const from: string = hms.explain('ozone-limit').value.effective",
      "await getPolicy('epa-pm25-limitt')",
      "hms.get('ozone')",
      "await getPolicy('epa-pm25-limit').limitt",
      "hms.get('ozone-limit').units",
      "const text: string = hms.get('ozone-limit').limit",
      'export { before, from, limit, max, text }',
      "import { HmsProvider } from 'hms-svc/openfeature'",
      "import { followPolicies } from 'hms-svc/kafka'",
      "new HmsProvider().connection?.get('ozone')",
      "void followPolicies().then((reader) => reader.explain('ozone'))",
      'export const same: typeof hms | undefined = new HmsProvider().connection',
    ].join('\n')
    const found = compile(declareTypes(POLICIES).join('\n'), program)
    expect(found.map((each) => each.split(' ').slice(0, 2).join(' '))).toEqual([
      '7 TS2345',
      '8 TS2345',
      expect.stringMatching(/^9 TS(2339|2551)$/),
      expect.stringMatching(/^10 TS(2339|2551)$/),
      '11 TS2322',
      '15 TS2345',
      '16 TS2345',
    ])
    const undeclared = compile(
      'export {}',
      "import { getPolicy } from 'hms-svc'\nexport const any: unknown = await getPolicy('any-id').any",
    )
    expect(undeclared).toEqual([])
  })
})
