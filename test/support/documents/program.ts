import ts from 'typescript'
import { ROOT } from '../../architecture/root.js'

/** The compiler's view of these files, as the repository's own tsconfig has it. */
export function programOf(files: readonly string[]): ts.Program {
  const { config } = ts.readConfigFile(`${ROOT}/tsconfig.json`, ts.sys.readFile) as { config: object }
  const { options } = ts.parseJsonConfigFileContent({ ...config, files, include: [] }, ts.sys, ROOT)
  return ts.createProgram([...files], { ...options, noEmit: true, incremental: false })
}

/** An exported type of one of the program's files. */
export function exportedType(program: ts.Program, file: string, name: string): ts.Type {
  const source = program.getSourceFile(file)
  const checker = program.getTypeChecker()
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source)
  const symbol = module === undefined ? undefined : checker.getExportsOfModule(module).find((exported) => exported.name === name)
  if (symbol === undefined) throw new TypeError(`${file} exports no ${name}`)
  return checker.getDeclaredTypeOfSymbol(symbol)
}
