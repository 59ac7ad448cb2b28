import { BODY_BOUNDS, type BodyBounds } from '#libs/platform'
import { routeConfig } from '../authorization/route-config.js'

/** Decorates a route whose body may be larger or deeper than the default. */
export function TakesBody(bounds: Partial<BodyBounds>): MethodDecorator {
  return (_target, _name, { value }) => routeConfig({ bounds: { ...BODY_BOUNDS, ...bounds } }, value as object)
}
