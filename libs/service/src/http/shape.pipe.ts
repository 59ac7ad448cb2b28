import { HmsError } from '#libs/contracts'
import type { ArgumentMetadata, PipeTransform } from '@nestjs/common'
import { readShape, type Shape } from '#libs/platform'

const NO_SHAPES: readonly unknown[] = [undefined, Object, Array, Boolean, Number]

/** Judges bodies, queries and parameters by the class that the handler declares for them. Events have interfaces and pass. */
export class ShapePipe implements PipeTransform {
  transform(value: unknown, { metatype, type }: ArgumentMetadata): unknown {
    if (type === 'custom' || NO_SHAPES.includes(metatype)) return value
    // A member of a query that is given twice comes as a list.
    if (metatype === String) return value === undefined ? value : String(value)
    const { value: read, errors } = readShape(metatype as Shape, value ?? {})
    if (errors.length > 0)
      throw new HmsError('HMS_HTTP_BODY_INVALID', errors.map(({ detail }) => detail).join('; '), { status: 400, errors })
    return read
  }
}
