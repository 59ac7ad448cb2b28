/** `docs` of the package. Sources and `dist` lie at different depths below it. */
export const FOLDER = new URL(import.meta.url.endsWith('.ts') ? '../../../../docs/' : '../../../../../docs/', import.meta.url)
