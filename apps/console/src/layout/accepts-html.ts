/** Whether an `Accept` takes HTML. Any other client gets the address of the API. */
export function acceptsHtml(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true
  const ranges = accept.split(',').map((each) =>
    each
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/),
  )
  const taken = ranges.filter(([type]) => type === 'text/html' || type === 'text/*' || type === '*/*')
  return taken.some(([, ...parameters]) => !parameters.some((parameter) => /^q=0(\.0+)?$/.test(parameter)))
}
