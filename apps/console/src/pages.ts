import { accessibilityPage } from './accessibility/accessibility-page.js'
import { apiPage } from './docs/api-page.js'
import { docPage } from './docs/doc-page.js'
import { docsPage } from './docs/docs-page.js'
import { eventsPage } from './docs/events-page.js'
import { swaggerPage } from './docs/swagger-page.js'
import { homePage } from './home/home-page.js'
import type { Page } from './page/page.js'
import { deliveryPage } from './partners/delivery-page.js'
import { partnersPage } from './partners/partners-page.js'
import { panesPage } from './panes/panes-page.js'
import { policiesPage } from './policies/policies-page.js'
import { policyPage } from './policies/policy-page.js'
import { receiptPage } from './receipts/receipt-page.js'
import { runPage } from './runs/run-page.js'
import { runsPage } from './runs/runs-page.js'
import { statusPage } from './status/status-page.js'
import { topicsPage } from './topics/topics-page.js'

/** Every page, by its address. */
export const PAGES: readonly Page[] = [
  { path: '/', content: homePage },
  { path: '/policies', content: policiesPage },
  { path: '/policies/:id', content: policyPage },
  { path: '/runs', content: runsPage },
  { path: '/runs/:number', content: runPage },
  { path: '/partners', content: partnersPage },
  { path: '/deliveries/:id', content: deliveryPage },
  { path: '/receipts/:token', content: receiptPage },
  { path: '/topics', content: topicsPage },
  { path: '/docs', content: docsPage },
  { path: '/docs/api', content: apiPage },
  { path: '/docs/api/swagger', content: swaggerPage },
  { path: '/docs/events', content: eventsPage },
  { path: '/docs/:name', content: docPage },
  { path: '/docs/:folder/:name', content: docPage },
  { path: '/docs/:folder/:group/:name', content: docPage },
  { path: '/status', content: statusPage },
  { path: '/panes', content: panesPage },
  { path: '/accessibility', content: accessibilityPage },
]
