// The page's elements: finding them, making them, and showing one state of a part at a time.

/** @returns {HTMLElement} */
export const find = (/** @type {string} */ id) => document.getElementById(id);

/**
 * A new element. Text becomes text, whatever it says; nothing here makes markup of a string.
 *
 * @param {string} tag
 * @param {Record<string, any> | null} attributes those that begin with `on` are listeners
 * @param {...(Node | string)} inside
 */
export function make(tag, attributes, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'class') element.className = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...inside);
  return element;
}

/** A line for people: what stands between grave accents is a command. @returns {(Node | string)[]} */
export function coded(/** @type {string} */ line) {
  return line.split('`').map((part, i) => (i % 2 ? make('code', null, part) : part));
}

/** Shows this state of pairing and hides the others. Its heading is told by giving it the focus. */
export function enter(/** @type {string} */ state, focus = undefined) {
  for (const part of document.querySelectorAll('.state')) part.hidden = part.dataset.state !== state;
  const shown = document.querySelector(`.state[data-state="${state}"]`);
  titled(TITLES[state]);
  const target = focus ?? shown.querySelector('h1');
  // Who reads something else meanwhile is not torn away from it.
  if (!shown.closest('section').hidden) {
    target.focus({ preventScroll: true });
    scrollTo({ top: 0 });
  }
}

/** What the window is called: where the page has got to, for who looks at something else meanwhile. */
export function titled(/** @type {string | undefined} */ words) {
  document.title = words ? `${words} · Airshake` : 'Airshake';
}

const TITLES = { looking: 'Listening', words: 'Compare the words', connected: 'Connected', failed: 'Not connected' };

/** A message that stands out. @param {'warn' | 'bad' | 'good'} kind */
export function notice(kind, title, ...lines) {
  return make(
    'div',
    { class: `notice ${kind}`, role: kind === 'bad' ? 'alert' : 'status' },
    make('p', null, make('strong', null, title)),
    ...lines.map((line) => (line instanceof Node ? line : make('p', null, ...coded(line)))),
  );
}

/** Lets the user keep bytes as a file. The address is given back when the link goes. */
export function saving(/** @type {Blob} */ blob, name, label, describe = undefined) {
  const url = URL.createObjectURL(blob);
  const link = make('a', { class: 'button', href: url, download: name, 'aria-label': describe }, label);
  addresses.push([new WeakRef(link), url]);
  // Of lists that were thrown away meanwhile.
  for (let i = addresses.length - 1; i >= 0; i--) {
    if (addresses[i][0].deref() === undefined) URL.revokeObjectURL(addresses.splice(i, 1)[0][1]);
  }
  return link;
}

/** @type {[WeakRef<HTMLElement>, string][]} */
const addresses = [];

/** Names the browser shows, not anything a name of a file may hold. */
export function fileName(name) {
  return name.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff/\\:*?"<>|]/gu, '_').slice(-200) || 'file';
}

/**
 * Files that are chosen or dropped.
 *
 * @param {HTMLElement} zone shows that they may be dropped @param {HTMLInputElement} input
 * @param {(files: File[]) => void} take
 * @param {{target: HTMLElement, of: (dropped: DataTransfer) => any[] | Promise<any[]>}} drop where
 *   they may be, and how they are found in what was
 */
export function filesFrom(zone, input, take, { target, of }) {
  input.addEventListener('change', () => {
    const files = [...input.files];
    // The same file may be chosen again.
    input.value = '';
    if (files.length > 0) take(files);
  });
  let inside = 0;
  const over = (yes) => zone.classList.toggle('over', yes);
  const usable = (event) => !zone.closest('[hidden]') && [...(event.dataTransfer?.types ?? [])].includes('Files');
  target.addEventListener('dragenter', (event) => {
    if (!usable(event)) return;
    inside += 1;
    over(true);
  });
  target.addEventListener('dragleave', (event) => {
    if (!usable(event)) return;
    inside = Math.max(0, inside - 1);
    over(inside > 0);
  });
  target.addEventListener('dragover', (event) => {
    if (!usable(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
  });
  target.addEventListener('drop', async (event) => {
    if (!usable(event)) return;
    event.preventDefault();
    inside = 0;
    over(false);
    const files = await of(event.dataTransfer);
    if (files.length > 0) take(files);
  });
}
