/** Guards at the doors of HTTP: who may be behind a request, and what a body may hold. */
export const DOOR_GUARDS = [
  {
    name: 'foreign-host',
    guard: 'with profile dev a page of another site that was pointed here reads nothing',
    file: 'libs/platform/src/http/foreign-request.ts',
    find: '(overLoopback && isForeignHost(headers.host, ownName)) || ',
    replace: '',
    spec: 'test/attacks/foreign-pages.spec.ts',
    test: 'by a name of its own reads nothing: /v1/policies',
  },
  {
    name: 'foreign-origin',
    guard: 'nor does one that calls loopback by its name',
    file: 'libs/platform/src/http/foreign-request.ts',
    find: ' || isForeignOrigin(headers.origin, headers.host)',
    replace: '',
    spec: 'test/attacks/foreign-pages.spec.ts',
    test: 'by the name of loopback reads and writes nothing',
  },
]
