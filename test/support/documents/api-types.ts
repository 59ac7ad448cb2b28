import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript'
import ts from 'typescript'

const HEAD = `/** Types of docs/openapi.json. Made by openapi-typescript: \`npm run schemas\` writes this file. */\n\n`
const typeNamed = (name: string): ts.TypeNode => ts.factory.createTypeReferenceNode(name)

/** TypeScript types of an OpenAPI document; a schema that permits any JSON becomes `Json`, one that permits any object `JsonObject`. */
export async function apiTypesOf(document: object): Promise<string> {
  const nodes = await openapiTS(withoutExamples(document) as OpenAPI3, {
    inject: "import type { Json, JsonObject } from '#libs/contracts'",
    transform: (schema) =>
      schema.type === 'object' && !('properties' in schema) && !('additionalProperties' in schema) ? typeNamed('JsonObject') : undefined,
    postTransform: (type) => (type.kind === ts.SyntaxKind.UnknownKeyword ? typeNamed('Json') : undefined),
  })
  return HEAD + astToString(nodes)
}

/** Removes the examples of parameters and bodies: they would be most of the file. */
function withoutExamples(document: object): object {
  return JSON.parse(JSON.stringify(document), function (this: object, key, value: unknown) {
    return key === 'example' && 'schema' in this ? undefined : value
  }) as object
}
