import type { Source } from './root.js'

/** Words that this tree used for itself and that the field does not use. Whole words, in any case. */
const HOUSE_WORDS = [
  'told|untold',
  'nobody|somebody|whoever|whom',
  'anew|anyhow|once more',
  'hears',
  'twins?',
  'reigns?|patience|deeds?|partings?',
  'that (?:is|are) none|where there is none',
  '(?:goes|go|went) on by itself|going on|comes? to its end',
  'lives? (?:by|under)',
  'gives? out|lets? go|mends?|mended',
  'moveAhead|livesUnder|PlaceCommits|ToldParts',
  '(?:class|interface|type) (?:Parting|Standing|Patience|Repeat|Way|Place|Ask)',
]

/** Texts that keep a house word, each with its reason. `within`: paths it applies to; everywhere without it. */
const EXCEPTIONS: readonly { reason: string; within?: RegExp; text: RegExp }[] = [
  { reason: 'line of a run that users and scripts know', text: /partners told/g },
  {
    reason: 'member of the clock of a run and of its stored facts',
    within:
      /^libs\/(?:contracts\/src\/(?:clock|stage-words)|pipeline\/src\/run\/)|run-metrics\.spec|render-run\.spec|^docs\/reference\/partners\.md$/,
    text: /\btold\b/g,
  },
  {
    reason: 'member of tickets',
    within: /^libs\/contracts\/src\/tickets\.ts$|^libs\/pipeline\/src\/tickets\/|^apps\/notifier\/src\/tickets\/|describe-news\.spec/,
    text: /\btold\b/g,
  },
  { reason: 'type of a message between frames of different versions', within: /^libs\/client\/src\/bridge\/frames\//, text: /'told'/g },
  { reason: 'value in `whoami --json`', within: /^apps\/cli\/src\/whoami\//, text: /'nobody'/g },
  { reason: 'account of Unix', within: /^libs\/persistence\/src\/embedded\/account\.ts$/, text: /['`]nobody['`]/g },
]

const PATTERN = new RegExp(`\\b(?:${HOUSE_WORDS.join('|')})\\b`, 'i')

/** Returns the sources without the texts of the exceptions; lines keep their numbers. */
function withoutExceptions(sources: readonly Source[]): Source[] {
  return sources.map(({ path, text }) => {
    const texts = EXCEPTIONS.filter(({ within }) => within?.test(path) ?? true).map((each) => each.text)
    return { path, text: texts.reduce((rest, each) => rest.replaceAll(each, ''), text) }
  })
}

/** Returns `path:line word` of each house word without an exception. */
export function houseWordsIn(sources: readonly Source[]): string[] {
  return withoutExceptions(sources).flatMap(({ path, text }) =>
    text.split('\n').flatMap(
      (line, at) =>
        PATTERN.exec(line)
          ?.slice(0, 1)
          .map((word) => `${path}:${at + 1} ${word}`) ?? [],
    ),
  )
}

/** Returns the reasons of exceptions that apply to no source. */
export function unusedExceptions(sources: readonly Source[]): string[] {
  return EXCEPTIONS.filter(
    ({ within, text }) => !sources.some((each) => (within?.test(each.path) ?? true) && each.text.search(text) >= 0),
  ).map(({ reason }) => reason)
}
