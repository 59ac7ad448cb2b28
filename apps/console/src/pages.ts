import { accessibilityPage } from './accessibility/accessibility-page.js'
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
  { path: '/status', content: statusPage },
  { path: '/panes', content: panesPage },
  { path: '/accessibility', content: accessibilityPage },
]
