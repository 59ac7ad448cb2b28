import type { DescribedNews } from './describe-news.js'

export interface MailFooter {
  partner: string
  attached: readonly string[]
  /** Page whose button acknowledges the message. */
  receiptPage?: string
  unsubscribePage?: string
}

export function mailText(news: DescribedNews, footer: MailFooter): string {
  const changes = news.changes.length === 0 ? [] : [`${news.changesHeading}:`, ...news.changes.map((line) => `  - ${line}`), '']
  const facts = news.facts.map(([label, value]) => `${label.padEnd(10)} ${value}`)
  const receipt = footer.receiptPage === undefined ? [] : [`${ACKNOWLEDGE}:`, footer.receiptPage, '']
  return [news.headline, '', ...news.sentences, '', ...changes, ...facts, '', ...receipt, ...footerLines(footer), ''].join('\n')
}

/** Renders a mail as HTML without images, scripts or fonts and with at most one link, so a client that loads nothing shows it unchanged. */
export function mailHtml(news: DescribedNews, footer: MailFooter): string {
  const items = (lines: readonly string[]): string => lines.map((line) => `<li>${escaped(line)}</li>`).join('')
  const changes = news.changes.length === 0 ? '' : `<h2>${escaped(news.changesHeading)}</h2><ul>${items(news.changes)}</ul>`
  const facts = news.facts.map(([label, value]) => `<tr><th>${escaped(label)}</th><td>${escaped(value)}</td></tr>`).join('')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escaped(news.subject)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(news.headline)}</h1>
${news.sentences.map((line) => `<p>${escaped(line)}</p>`).join('\n')}
${changes}
<table>${facts}</table>
${receiptLink(footer)}
<footer>${footerLines(footer)
    .map((line) => `<p>${escaped(line)}</p>`)
    .join('')}</footer>
</main>
</body>
</html>
`
}

const STYLE = `
:root { color-scheme: light dark; }
body { margin: 0; padding: 24px; background: #ffffff; color: #1b1b1b; font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 640px; margin: 0 auto; }
h1 { font-size: 22px; line-height: 1.3; } h2 { font-size: 17px; }
li, td { overflow-wrap: anywhere; }
th { text-align: left; padding-right: 16px; font-weight: 600; vertical-align: top; }
footer { margin-top: 32px; border-top: 1px solid #a9aeb1; color: #565c65; font-size: 14px; }
@media (prefers-color-scheme: dark) {
  body { background: #1b1b1b; color: #f0f0f0; }
  footer { border-color: #71767a; color: #c6cace; }
}
`

const ACKNOWLEDGE = 'Confirm on this page that your organisation is acting on this message'

function receiptLink({ receiptPage }: MailFooter): string {
  return receiptPage === undefined ? '' : `<p><a href="${escaped(receiptPage)}">${ACKNOWLEDGE}</a></p>`
}

function footerLines({ partner, attached, unsubscribePage }: MailFooter): string[] {
  return [
    `This message goes to ${partner}, a registered partner. It was made by a program; a reply goes to the address that sent it.`,
    ...(attached.length === 0 ? [] : [`Attached: ${attached.join(', ')}. The release carries the signatures of those who approved it.`]),
    ...(unsubscribePage === undefined ? [] : [`Unsubscribe this address: ${unsubscribePage}`]),
  ]
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => ENTITIES[sign]!)
}
