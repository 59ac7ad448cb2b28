import { docsDocument } from '#libs/platform'
import type { JSX } from 'preact'
import type { PageContent } from '../layout/page.js'
import { count, Table } from '../layout/parts.js'
import { COPY_SCRIPT, DocsFrame, placeInDocs } from './docs-frame.js'
import { readLibrary } from './library.js'

interface Operation {
  operationId: string
  tags?: string[]
  summary?: string
  description?: string
  security?: Record<string, unknown>[]
  parameters?: { name: string; in: string; required?: boolean; description?: string }[]
  requestBody?: Content
  responses: Record<string, Content & { description?: string }>
}

interface Content {
  content?: Record<string, { example?: unknown }>
}

export interface OpenApi {
  tags: { name: string; description?: string }[]
  paths: Record<string, Record<string, Operation>>
}

interface Route {
  method: string
  path: string
  operation: Operation
}

/** Every route with its parameters, examples and responses, from the document that programs read. */
export async function apiPage(): Promise<PageContent> {
  const { paths, tags } = docsDocument<OpenApi>('openapi.json')
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Route => ({ method: method.toUpperCase(), path, operation })),
  )
  return {
    ...placeInDocs('HTTP'),
    summary: `${count(routes.length, 'route')} of ${count(tags.length, 'group')}, as this version answers them.`,
    scripts: [COPY_SCRIPT],
    body: (
      <DocsFrame docs={[...(await readLibrary()).values()]} path="api">
        <p>
          Programs read <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1). <a href="/docs/api/swagger">Swagger UI</a> shows schemas in
          full and sends requests; it needs scripts.
        </p>
        {tags.map(({ name, description }) => (
          <Group key={name} name={name} about={description} routes={routes.filter(({ operation }) => operation.tags?.includes(name))} />
        ))}
      </DocsFrame>
    ),
  }
}

function Group({ name, about, routes }: { name: string; about: string | undefined; routes: readonly Route[] }): JSX.Element {
  const id = `tag-${name.replaceAll(' ', '-')}`
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{name}</h2>
      {about === undefined ? null : <p>{about}</p>}
      {routes.map((route) => (
        <RouteDetails key={route.operation.operationId} {...route} />
      ))}
    </section>
  )
}

function RouteDetails({ method, path, operation }: Route): JSX.Element {
  const { operationId, summary, description, security, parameters = [], requestBody, responses } = operation
  return (
    <details id={operationId} class="route">
      <summary>
        <code>
          {method} {path}
        </code>{' '}
        {summary}
      </summary>
      {description === undefined ? null : <p>{description}</p>}
      <p>
        {security?.length === 0 ? 'Public.' : 'Needs a key or a signed request where the installation asks for one.'}{' '}
        {requestBody === undefined ? '' : 'Takes a body as JSON.'}
      </p>
      {parameters.length === 0 ? null : (
        <Table
          caption={`Parameters of ${method} ${path}`}
          head={['Name', 'In', 'Needed', 'Meaning']}
          rows={parameters.map((each) => [
            <td>{<code>{each.name}</code>}</td>,
            each.in,
            each.required === true ? 'yes' : 'no',
            each.description ?? '–',
          ])}
        />
      )}
      <p>
        Answers:{' '}
        {Object.entries(responses)
          .map(([status, said]) => (said.description === undefined ? status : `${status} (${said.description})`))
          .join(', ')}
      </p>
      <Example title="Body" of={requestBody} />
      <Example title="Response" of={Object.values(responses)[0]} />
    </details>
  )
}

function Example({ title, of }: { title: string; of: Content | undefined }): JSX.Element | null {
  const example = Object.values(of?.content ?? {})[0]?.example
  if (example === undefined) return null
  return (
    <div>
      <p>{title}, for example:</p>
      <pre tabIndex={0}>{typeof example === 'string' ? example : JSON.stringify(example, null, 2)}</pre>
    </div>
  )
}
