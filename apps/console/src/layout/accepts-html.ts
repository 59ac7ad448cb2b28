/** Whether an `Accept` takes HTML. Any other client gets the address of the API. */
export function acceptsHtml(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true
  const ranges = accept.toLowerCase().split(',')
  const taken = ranges
    .map((each) => each.split(';').map((part) => part.trim()))
    .filter(([type]) => type === 'text/html' || type === 'text/*' || type === '*/*')
  return taken.some(([, ...parameters]) => !parameters.some((parameter) => /^q=0(\.0+)?$/.test(parameter)))
}
