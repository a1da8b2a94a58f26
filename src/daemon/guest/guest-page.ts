import type { GuestInfo } from '../guest-api.js';

/** The page that a guest sees, made of text: it works without a script. */
export function guestPage(
  guest: GuestInfo,
  { host, now, said }: { host: string; now: number; said: string | null },
): string {
  const { shelf, notes, uploads, until } = guest;
  const minutes = Math.max(1, Math.round((Date.parse(until) - now) / 60_000));
  const end = new Date(until).toISOString().slice(11, 16);
  const files = shelf.map(
    ({ id, name, size }) =>
      html`<li><a href="f/${id}" download><bdi>${name}</bdi></a><span>${bytes(size)}</span></li>`,
  );
  const said2 = notes.map(
    ({ from, text }) =>
      html`<li class="${from}"><b>${from === 'host' ? host : 'Guest'}</b><span dir="auto">${text}</span></li>`,
  );
  const handed = uploads.map(
    ({ names, state }) => html`<li><bdi>${names.join(', ')}</bdi><span>${STATES[state]}</span></li>`,
  );
  return `<!doctype html>${html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${host} · Chatter</title>
<link rel="stylesheet" href="style.css">
<script src="page.js" defer></script>
</head>
<body><main>
<h1>${shelf.length === 0 ? raw(html`<bdi>${host}</bdi> opened this page for you`) : raw(html`<bdi>${host}</bdi> hands you ${String(shelf.length)} ${shelf.length === 1 ? 'file' : 'files'}`)}</h1>
<p class="quiet">Straight from their computer, on this network.</p>
<p id="said" role="status">${said ?? ''}</p>
<div id="live">
<p class="chip">This link ends in ${String(minutes)} min, at ${end} UTC</p>
${raw(files.length > 0 ? html`<ul class="list" aria-label="Files for you">${raw(files.join(''))}</ul>` : '')}
${raw(handed.length > 0 ? html`<h2>Handed over</h2><ul class="list" aria-label="Handed over">${raw(handed.join(''))}</ul>` : '')}
${raw(said2.length > 0 ? html`<h2>Notes</h2><ul class="notes" aria-label="Notes">${raw(said2.join(''))}</ul>` : '')}
</div>
<form class="drop" action="files" method="post" enctype="multipart/form-data">
<h2>Hand something back</h2>
<p class="quiet"><bdi>${host}</bdi> is asked before anybody else gets it.</p>
<label for="files">Files</label><input id="files" type="file" name="file" multiple required>
<button>Hand over</button><progress hidden max="1" value="0" aria-label="Being handed over"></progress>
</form>
<form action="note" method="post">
<label for="text">A note to <bdi>${host}</bdi>; whoever has this link can read it</label>
<textarea id="text" name="text" rows="2" maxlength="2000" required></textarea>
<button>Send note</button> <a href="./">Look again</a>
</form>
<p class="warn">This page is not encrypted: others on this network could look on or change it. For private things use Chatter on both ends.</p>
<p class="foot">Chatter · you are a guest, nothing is installed</p>
</main></body></html>`}`;
}

const STATES = { waiting: 'waits for an answer', accepted: 'taken', declined: 'not taken' };

/** Text that is markup already. */
class Raw {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

const raw = (markup: string) => new Raw(markup);

/** Markup in which every value is text, unless it was made by this function before. */
function html(parts: TemplateStringsArray, ...values: (string | Raw)[]): string {
  return parts.reduce((all, part, i) => {
    const value = values[i - 1] ?? '';
    return `${all}${value instanceof Raw ? value.markup : asText(value)}${part}`;
  });
}

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const asText = (text: string) => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');

function bytes(size: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [size, 0];
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
