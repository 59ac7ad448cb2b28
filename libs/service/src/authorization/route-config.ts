import { BODY_BOUNDS, type BodyBounds } from '#libs/platform'

/** Metadata key of a route's configuration in Nest's Fastify adapter. */
const ROUTE_CONFIG = '__fastify_route_config__'

/** Merges into the configuration of a handler's route. Nest's own `RouteConfig` would replace that of another decorator. */
export function routeConfig(config: object, handler: object): void {
  const known = Reflect.getOwnMetadata(ROUTE_CONFIG, handler) as object | undefined
  Reflect.defineMetadata(ROUTE_CONFIG, { ...known, ...config }, handler)
}

/** Decorates a route whose body may be larger or deeper than the default. */
export function TakesBody(bounds: Partial<BodyBounds>): MethodDecorator {
  return (_target, _name, { value }) => routeConfig({ bounds: { ...BODY_BOUNDS, ...bounds } }, value as object)
}
