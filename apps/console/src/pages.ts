import { homePage } from './home/home-page.js'
import type { Page } from './page/page.js'
import { runPage } from './runs/run-page.js'
import { runsPage } from './runs/runs-page.js'

/** Every page, by its address. */
export const PAGES: readonly Page[] = [
  { path: '/', content: homePage },
  { path: '/runs', content: runsPage },
  { path: '/runs/:number', content: runPage },
]
