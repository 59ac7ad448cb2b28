import type { Token, Tokens } from 'marked'
import type { ComponentChildren, JSX } from 'preact'
import { headingIds, resolveLink, resolvePicture, type Doc } from './library.js'
import { textOf, unescaped } from './token-text.js'

/** A document as elements of the page: no HTML of the text itself gets through, for every word is a text that Preact escapes. */
export function Markdown({ doc }: { doc: Doc }): JSX.Element {
  const idOf = headingIds()
  return (
    <div class="prose">
      {doc.tokens.map((token) => {
        if (token.type !== 'heading') return block(token, doc)
        const heading = token as Tokens.Heading
        const id = idOf(heading)
        // The page has the title of the document as its own.
        return heading.depth === 1 ? null : headingOf(heading, id, doc)
      })}
    </div>
  )
}

function headingOf({ depth, tokens }: Tokens.Heading, id: string, doc: Doc): JSX.Element {
  const Tag = `h${Math.min(depth, 6)}` as 'h2'
  return <Tag id={id}>{inline(tokens, doc)}</Tag>
}

function block(token: Token, doc: Doc): ComponentChildren {
  switch (token.type) {
    case 'paragraph':
      return <p>{inline(token.tokens, doc)}</p>
    case 'text':
      return token.tokens === undefined ? unescaped(token.text as string) : inline(token.tokens, doc)
    case 'code':
      return (
        <pre tabIndex={0}>
          <code>{token.text as string}</code>
        </pre>
      )
    case 'list':
      return list(token as Tokens.List, doc)
    case 'table':
      return table(token as Tokens.Table, doc)
    case 'blockquote':
      return <blockquote>{(token.tokens ?? []).map((child) => block(child, doc))}</blockquote>
    case 'hr':
      return <hr />
    default:
      return null
  }
}

function list({ ordered, items }: Tokens.List, doc: Doc): JSX.Element {
  const Tag = ordered ? 'ol' : 'ul'
  return (
    <Tag>
      {items.map((item) => (
        <li>{item.tokens.map((child) => block(child, doc))}</li>
      ))}
    </Tag>
  )
}

function table({ header, rows }: Tokens.Table, doc: Doc): JSX.Element {
  const label = header.map((cell) => textOf(cell.tokens)).join(', ')
  return (
    <div class="usa-table-container--scrollable" tabIndex={0} role="group" aria-label={label}>
      <table class="usa-table">
        <thead>
          <tr>
            {header.map((cell) => (
              <th scope="col">{inline(cell.tokens, doc)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              {row.map((cell) => (
                <td>{inline(cell.tokens, doc)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function inline(tokens: readonly Token[] | undefined, doc: Doc): ComponentChildren {
  return (tokens ?? []).map((token) => span(token, doc))
}

function span(token: Token, doc: Doc): ComponentChildren {
  switch (token.type) {
    case 'strong':
      return <strong>{inline(token.tokens, doc)}</strong>
    case 'em':
      return <em>{inline(token.tokens, doc)}</em>
    case 'del':
      return <del>{inline(token.tokens, doc)}</del>
    case 'codespan':
      return <code>{token.text as string}</code>
    case 'br':
      return <br />
    case 'link': {
      const href = resolveLink(doc, token.href as string)
      return href === undefined ? inline(token.tokens, doc) : <a href={href}>{inline(token.tokens, doc)}</a>
    }
    case 'image': {
      const alt = unescaped(token.text as string)
      const picture = resolvePicture(doc, token.href as string)
      if (picture === undefined) return <em>{alt}</em>
      return <img src={picture.href} alt={alt} width={picture.width} height={picture.height} loading="lazy" />
    }
    case 'text':
    case 'escape':
      return 'tokens' in token && token.tokens !== undefined ? inline(token.tokens, doc) : unescaped(token.text as string)
    default:
      return null
  }
}
