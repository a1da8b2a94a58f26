/** The look of the guest page: light and dark by the system, one column, large targets. */
export const GUEST_STYLE = `
:root { color-scheme: light dark; --text: #23292f; --quiet: #5b646d; --line: #d3d6d9; --bg: #f7f7f5; --raised: #fff; --accent: #0d6692; --on: #fff; --sunken: #efefec; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e9ec; --quiet: #a3adb6; --line: #3c434a; --bg: #1b1f23; --raised: #23282d; --accent: #7cc3ea; --on: #10161b; --sunken: #282e34; } }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--bg); overflow-wrap: anywhere; }
main { max-width: 430px; margin: 0 auto; padding: 20px 16px; display: grid; gap: 14px; }
h1 { font-size: 20px; line-height: 1.3; margin: 0; } h2 { font-size: 15px; margin: 12px 0 4px; } p { margin: 0; }
#live { display: grid; gap: 8px; }
.quiet, .foot { color: var(--quiet); font-size: 14px; }
.chip { justify-self: start; padding: 2px 10px; border-radius: 99px; background: var(--sunken); font-size: 13px; }
ul { list-style: none; margin: 0; padding: 0; }
.list { border: 1px solid var(--line); border-radius: 12px; background: var(--raised); }
.list li { display: flex; justify-content: space-between; gap: 12px; padding: 12px 14px; border-top: 1px solid var(--line); }
.list li:first-child { border-top: 0; } .list span { color: var(--quiet); white-space: nowrap; font-size: 14px; }
.notes { display: grid; gap: 6px; } .notes li { background: var(--sunken); border-radius: 10px; padding: 8px 12px; white-space: pre-wrap; }
.notes b { display: block; font-size: 13px; color: var(--quiet); }
a { color: var(--accent); }
form { display: grid; gap: 8px; } .drop { border: 1px dashed var(--quiet); border-radius: 12px; padding: 14px; } .drop h2 { margin: 0; }
label { font-size: 14px; } textarea, input { font: inherit; width: 100%; min-width: 0; }
textarea { border: 1px solid var(--quiet); border-radius: 8px; padding: 8px; background: var(--raised); color: inherit; }
button { font: inherit; font-weight: 600; min-height: 44px; border: 0; border-radius: 10px; background: var(--accent); color: var(--on); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
progress { width: 100%; accent-color: var(--accent); }
.warn { background: var(--sunken); border-radius: 10px; padding: 10px 12px; font-size: 14px; } .foot { text-align: center; }
`;

/** Keeps the page fresh and shows how far an upload is; what it shows is always what the server has written as text. */
export const GUEST_SCRIPT = `
'use strict';
let seen = null;
async function look() {
  try {
    const version = await (await fetch('state')).text();
    if (seen !== null && version !== seen) {
      const text = await (await fetch('./')).text();
      const fresh = new DOMParser().parseFromString(text, 'text/html');
      document.getElementById('live').replaceWith(document.adoptNode(fresh.getElementById('live')));
    }
    seen = version;
  } catch {
    document.getElementById('said').textContent = 'The link has ended, or this network was lost.';
  }
}
setInterval(look, 3000);
look();
const form = document.querySelector('form.drop');
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const [bar, button, said] = [form.querySelector('progress'), form.querySelector('button'), document.getElementById('said')];
  const request = new XMLHttpRequest();
  const ended = (text) => { bar.hidden = true; button.disabled = false; said.textContent = text; look(); };
  request.upload.onprogress = ({ loaded, total }) => { bar.value = loaded / total; };
  request.onload = () => { if (request.status < 400) form.reset(); ended(request.responseText); };
  request.onerror = () => ended('It did not arrive.');
  request.open('POST', 'files');
  request.setRequestHeader('Accept', 'text/plain');
  request.send(new FormData(form));
  bar.hidden = false; button.disabled = true; said.textContent = '';
});
`;
