import ts from 'typescript'

export type Schema = { [keyword: string]: unknown }

/** Types that are any JSON: their own definition is recursive and says no more than that. */
const JSON_TYPES: Record<string, Schema> = { Json: {}, JsonObject: { type: 'object' } }

/** JSON Schemas (2020-12) of TypeScript types: named types become definitions, and everything else stands where it is used. */
export class TypeSchemas {
  readonly definitions: Record<string, Schema> = {}
  private readonly named = new Map<ts.Type, string>()

  constructor(
    private readonly checker: ts.TypeChecker,
    private readonly place: string,
    /** For objects of a class; what validators demand beyond the type. */
    private readonly refine: (className: string, member: string, schema: Schema) => Schema = (_class, _member, schema) => schema,
  ) {}

  of(type: ts.Type): Schema {
    const name = this.nameOf(type)
    if (name === undefined) return this.plain(type)
    if (name in JSON_TYPES) return JSON_TYPES[name]!
    if (!this.named.has(type)) {
      if (name in this.definitions) throw new TypeError(`two types are named ${name}`)
      this.named.set(type, name)
      this.definitions[name] = {}
      this.definitions[name] = this.plain(type)
    }
    return { $ref: `#/${this.place}/${name}` }
  }

  /** The type itself, where a name for it would be in the way. */
  inline(type: ts.Type): Schema {
    return this.plain(type)
  }

  /** Of interfaces, classes and aliases of objects in this repository. */
  private nameOf(type: ts.Type): string | undefined {
    const alias = type.aliasSymbol
    if (alias !== undefined && (type.aliasTypeArguments?.length ?? 0) === 0) {
      if (alias.name in JSON_TYPES) return alias.name
      return isOurs(alias) && !isLiterals(type) && (type.flags & ts.TypeFlags.Boolean) === 0 ? alias.name : undefined
    }
    const symbol = type.getSymbol()
    const kinds = ts.SymbolFlags.Interface | ts.SymbolFlags.Class
    return alias === undefined && symbol !== undefined && (symbol.flags & kinds) !== 0 && isOurs(symbol) ? symbol.name : undefined
  }

  private plain(type: ts.Type): Schema {
    const { flags } = type
    if (flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return {}
    if (flags & ts.TypeFlags.Null) return { type: 'null' }
    if (type.isStringLiteral() || type.isNumberLiteral()) return { const: type.value }
    if (flags & ts.TypeFlags.BooleanLiteral) return { const: this.checker.typeToString(type) === 'true' }
    if (flags & ts.TypeFlags.BooleanLike) return { type: 'boolean' }
    if (flags & ts.TypeFlags.StringLike) return { type: 'string' }
    if (flags & ts.TypeFlags.NumberLike) return { type: 'number' }
    if (type.isUnion()) return this.union(type)
    return this.object(type)
  }

  private union(type: ts.UnionType): Schema {
    const members = type.types.filter(({ flags }) => (flags & ts.TypeFlags.Undefined) === 0)
    if (members.length === 1) return this.of(members[0]!)
    // `Json | undefined` is a union of its own, without a name.
    if (members.some((member) => this.checker.isArrayType(member) && this.itemOf(member).aliasSymbol?.name === 'Json')) return {}
    if (members.every((member) => (member.flags & ts.TypeFlags.BooleanLiteral) !== 0)) return { type: 'boolean' }
    const isBoolean = members.filter(({ flags }) => (flags & ts.TypeFlags.BooleanLiteral) !== 0).length === 2
    const literals = members.filter((member) => member.isStringLiteral() || member.isNumberLiteral())
    const schemas: Schema[] = isBoolean ? [{ type: 'boolean' }] : []
    if (literals.length > 0) schemas.push({ enum: literals.map(({ value }) => value) })
    for (const member of members) {
      if (literals.includes(member as ts.StringLiteralType) || (isBoolean && (member.flags & ts.TypeFlags.BooleanLiteral) !== 0)) continue
      schemas.push(this.of(member))
    }
    return schemas.length === 1 ? schemas[0]! : merged(schemas)
  }

  private itemOf(list: ts.Type): ts.Type {
    return this.checker.getTypeArguments(list as ts.TypeReference)[0]!
  }

  private object(type: ts.Type): Schema {
    if (this.checker.isArrayType(type)) return { type: 'array', items: this.of(this.itemOf(type)) }
    if (this.checker.isTupleType(type)) {
      const items = this.checker.getTypeArguments(type as ts.TypeReference).map((item) => this.of(item))
      return { type: 'array', prefixItems: items, minItems: items.length, maxItems: items.length }
    }
    const required: string[] = []
    const properties: Record<string, Schema> = {}
    for (const property of this.checker.getPropertiesOfType(type)) {
      if ((property.flags & ts.SymbolFlags.Method) !== 0) continue
      const owner = property.valueDeclaration?.parent
      const schema = this.of(this.checker.getTypeOfSymbol(property))
      const className = owner !== undefined && ts.isClassDeclaration(owner) ? owner.name?.text : undefined
      properties[property.name] = className === undefined ? schema : this.refine(className, property.name, schema)
      if ((property.flags & ts.SymbolFlags.Optional) === 0 && !hasDefault(property)) required.push(property.name)
    }
    const others = this.checker.getIndexInfoOfType(type, ts.IndexKind.String)
    return {
      type: 'object',
      ...(required.length === 0 ? {} : { required }),
      ...(Object.keys(properties).length === 0 ? {} : { properties }),
      ...(others === undefined ? closed(type) : { additionalProperties: this.of(others.type) }),
    }
  }
}

/** `string | null` is one schema with two types. */
function merged(schemas: Schema[]): Schema {
  const plain = schemas.every((schema) => typeof schema.type === 'string' && Object.keys(schema).length === 1)
  return plain ? { type: schemas.map(({ type }) => type) } : { anyOf: schemas }
}

function hasDefault({ valueDeclaration }: ts.Symbol): boolean {
  return valueDeclaration !== undefined && ts.isPropertyDeclaration(valueDeclaration) && valueDeclaration.initializer !== undefined
}

/** A class is what is taken over HTTP: members that it does not name are refused. */
function closed(type: ts.Type): Schema {
  return ((type.getSymbol()?.flags ?? 0) & ts.SymbolFlags.Class) !== 0 ? { additionalProperties: false } : {}
}

function isLiterals(type: ts.Type): boolean {
  return !type.isUnion() ||
    type.types.every(({ flags }) => (flags & (ts.TypeFlags.Literal | ts.TypeFlags.StringLike | ts.TypeFlags.Null)) !== 0)
    ? (type.flags & ts.TypeFlags.Object) === 0 && !type.isIntersection()
    : false
}

function isOurs(symbol: ts.Symbol): boolean {
  return (symbol.declarations ?? []).some((declaration) => !declaration.getSourceFile().fileName.includes('/node_modules/'))
}
