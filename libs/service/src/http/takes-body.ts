import { BODY_BOUNDS, type BodyBounds } from '#libs/platform'
import { routeConfig } from '../authorization/route-config.js'

/** Of a route whose body is larger or deeper than most. */
export function TakesBody(bounds: Partial<BodyBounds>): MethodDecorator {
  return (_target, _name, { value }) => routeConfig({ bounds: { ...BODY_BOUNDS, ...bounds } }, value as object)
}
