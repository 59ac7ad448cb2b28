import { HmsError } from '#libs/contracts'
import type { ArgumentMetadata, PipeTransform } from '@nestjs/common'
import { readShape, type Shape } from '#libs/platform'

const NO_SHAPES: readonly unknown[] = [undefined, Object, Array, Boolean, Number]

/** Validates bodies, queries and parameters by the class declared by the handler. Events declare interfaces and pass. */
export class ShapePipe implements PipeTransform {
  transform(value: unknown, { metatype, type }: ArgumentMetadata): unknown {
    if (type === 'custom' || NO_SHAPES.includes(metatype)) return value
    // A repeated query member arrives as a list.
    if (metatype === String) return value === undefined ? value : String(value)
    return judged(metatype as Shape, value ?? {}, type === 'query' ? 'HMS_HTTP_QUERY_INVALID' : 'HMS_HTTP_BODY_INVALID')
  }
}

/** Validates the query of a path without a controller in the same way. Throws 400 `HMS_HTTP_QUERY_INVALID`. */
export function readQuery<T extends object>(shape: Shape<T>, query: URLSearchParams): T {
  const given = Object.fromEntries(
    [...query.keys()].map((name) => [name, query.getAll(name).length > 1 ? query.getAll(name) : query.get(name)]),
  )
  return judged(shape, given, 'HMS_HTTP_QUERY_INVALID')
}

function judged<T extends object>(shape: Shape<T>, plain: unknown, code: 'HMS_HTTP_QUERY_INVALID' | 'HMS_HTTP_BODY_INVALID'): T {
  const { value, errors } = readShape(shape, plain)
  if (errors.length > 0) throw new HmsError(code, errors.map(({ detail }) => detail).join('; '), { status: 400, errors })
  return value
}
