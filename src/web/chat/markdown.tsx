import MarkdownIt, { type Token } from 'markdown-it';
import { Fragment, memo, type ReactNode } from 'react';
import { findMentions, type Mentionable } from './find-mentions.js';
import { saysHost } from './says-host.js';

/** Markdown as people write it in talk: a line break is one, links are found, nothing is fetched, HTML is text. */
const parser = new MarkdownIt({ html: false, linkify: true, breaks: true }).disable([
  'image',
  'table',
  'html_inline',
]);

interface MarkdownProps {
  text: string;
  mentionable: Mentionable;
}

/** A message's text. Tokens become elements one by one: no text ever becomes markup. */
export const Markdown = memo(function Markdown({ text, mentionable }: MarkdownProps) {
  return <>{draw(parser.parse(text, {}), mentionable)}</>;
});

/** Draws tokens, which nest by -1, 0 and 1, as a tree of elements. */
function draw(tokens: readonly Token[], mentionable: Mentionable): ReactNode[] {
  const drawn: ReactNode[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    if (token.nesting !== 1) {
      drawn.push(<Fragment key={i}>{leaf(token, mentionable)}</Fragment>);
      continue;
    }
    const end = closing(tokens, i);
    drawn.push(<Fragment key={i}>{element(token, draw(tokens.slice(i + 1, end), mentionable))}</Fragment>);
    i = end;
  }
  return drawn;
}

function closing(tokens: readonly Token[], start: number): number {
  let depth = 0;
  for (let i = start; i < tokens.length; i++) {
    depth += (tokens[i] as Token).nesting;
    if (depth === 0) return i;
  }
  return tokens.length;
}

function leaf({ type, content, children, info }: Token, mentionable: Mentionable): ReactNode {
  if (type === 'inline') return draw(children ?? [], mentionable);
  if (type === 'softbreak' || type === 'hardbreak') return <br />;
  if (type === 'code_inline') return <code>{content}</code>;
  if (type === 'hr') return <hr />;
  if (type === 'fence' || type === 'code_block') {
    return (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
      <pre tabIndex={0}>
        {info && <span className="code-language">{info.slice(0, 20)}</span>}
        <code>{content}</code>
      </pre>
    );
  }
  return content.includes('@') ? withMentions(content, mentionable) : content;
}

const withMentions = (text: string, mentionable: Mentionable): ReactNode =>
  findMentions(text, mentionable).map(({ text: piece, mentions }, i) =>
    mentions === 'nobody' ? (
      piece
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one text never move
      <span key={i} className={mentions === 'me' ? 'mention me' : 'mention'}>
        {piece}
      </span>
    ),
  );

function element(token: Token, inside: ReactNode[]): ReactNode {
  switch (token.type) {
    case 'paragraph_open':
      return <p>{inside}</p>;
    case 'strong_open':
      return <strong>{inside}</strong>;
    case 'em_open':
      return <em>{inside}</em>;
    case 's_open':
      return <s>{inside}</s>;
    case 'blockquote_open':
      return <blockquote>{inside}</blockquote>;
    case 'bullet_list_open':
      return <ul>{inside}</ul>;
    case 'ordered_list_open':
      return <ol>{inside}</ol>;
    case 'list_item_open':
      return <li>{inside}</li>;
    case 'heading_open':
      return <p className="heading">{inside}</p>;
    case 'link_open':
      return (
        <SafeLink target={String(token.attrs?.find(([name]) => name === 'href')?.[1] ?? '')}>
          {inside}
        </SafeLink>
      );
    default:
      return inside;
  }
}

/** Only the web is linked to, and where a link leads can be read (CVE-2022-23597). */
function SafeLink({ target, children }: { target: string; children: ReactNode[] }) {
  const url = URL.canParse(target) ? new URL(target) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) return children;
  const [only, ...more] = children as { props?: { children?: unknown } }[];
  const shown = more.length === 0 ? only?.props?.children : null;
  const saysItself = typeof shown === 'string' && saysHost(shown, url);
  return (
    <a href={url.href} target="_blank" rel="noopener noreferrer" title={url.href}>
      {children}
      {!saysItself && <span className="link-target"> ({url.host})</span>}
    </a>
  );
}
