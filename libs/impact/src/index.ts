export { ImpactView, LoadTable, MonthPlot } from './impact-view.js'
export { impactLines } from './impact-lines.js'
export { impactPage } from './impact-page.js'
export type { ImpactPage } from './impact-page.js'
