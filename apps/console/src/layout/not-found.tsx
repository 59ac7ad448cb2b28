import { Alert } from './absent.js'
import type { PageContent } from './page.js'

/** For an address that stands for no page. */
export const NOT_FOUND: PageContent = {
  status: 404,
  title: 'Page not found',
  heading: 'Page not found',
  section: 'Help',
  summary: 'There is no page at this address.',
  still: true,
  body: (
    <Alert kind="warning" title="There is no page at this address">
      <p>
        It may be mistyped, or what it named may be gone. Begin at <a href="/">Home</a>, choose from the menu above, or see{' '}
        <a href="/help">Help</a>.
      </p>
    </Alert>
  ),
}
