// Files on their way, in both directions.

import { filesOf } from '../airshake/src/index.js';
import { fileName, filesFrom, find, make, saving } from './dom.js';
import { count, oneLine, seconds, size } from './text.js';

/** Files of one transfer that are listed. */
const MOST_LISTED = 50;

export class Moves {
  /** @param {object} link @param {(words: string) => void} tell @param {AbortSignal} signal when the link is over */
  constructor(link, tell, signal) {
    this.link = link;
    this.tell = tell;
    this.over = signal;
    find('moves').replaceChildren();
    current = this;
    link.addEventListener('files', ({ detail }) => this.offered(detail), { signal });
    link.addEventListener('wanted', () => tell('the other side waits for files: choose or drop some below'), { signal });
  }

  end() {
    if (current === this) current = undefined;
    // What still moved does not any more.
    for (const bar of find('moves').querySelectorAll('progress')) bar.closest('li').querySelector('.facts').textContent += ': broken off';
    find('moves').querySelectorAll('progress, .ask').forEach((each) => each.remove());
  }

  /** @param {(File | {path: string, blob?: Blob})[]} files */
  async send(files) {
    const listed = files.map((file) => ({ path: file.path ?? (file.webkitRelativePath || file.name), size: (file.blob ?? file).size ?? 0 }));
    const total = listed.reduce((sum, { size: bytes }) => sum + bytes, 0);
    const card = new Card(`You send ${what(files.length, total)}`, listed);
    card.say('waiting for the other side to agree');
    const { signal, over } = card.stoppable();
    try {
      const sent = await this.link.sendFiles(files, { onProgress: (progress) => card.progress(progress), signal });
      card.sent(sent?.lost ?? [], what(files.length, total));
    } catch (error) {
      card.failed(error);
    } finally {
      over();
    }
  }

  /** The other side offers files; nothing is taken before the user says so. */
  offered(offer) {
    const { files, total } = offer;
    const card = new Card(`The other side offers ${what(files.length, total)}`, files);
    const yes = make('button', { type: 'button', class: 'primary' }, 'Accept');
    const no = make('button', { type: 'button' }, 'Refuse');
    const ask = make('p', { class: 'row ask' }, yes, no);
    card.element.append(ask);
    this.tell(`${what(files.length, total)} offered: accept or refuse below`);
    no.addEventListener('click', async () => {
      ask.remove();
      card.say('refused');
      card.heading.focus();
      await offer.refuse().catch(() => {});
    });
    offer.withdrawn?.then((error) => {
      if (!ask.isConnected) return;
      ask.remove();
      card.failed(error ?? new Error('the other side offers it no more'));
    });
    yes.addEventListener('click', async () => {
      ask.remove();
      card.say('accepted');
      card.heading.focus();
      const { signal, over } = card.stoppable();
      try {
        card.received(await offer.accept({ onProgress: (progress) => card.progress(progress), signal }));
      } catch (error) {
        // What had arrived before is whole.
        if (error?.files?.length > 0) card.received(error.files);
        card.failed(error);
      } finally {
        over();
      }
    });
  }
}

/** Whose files are chosen and dropped. @type {Moves | undefined} */
let current;

/** Makes choosing and dropping work. */
export function startMoves() {
  filesFrom(find('drop'), find('choose'), (files) => current?.send(files), { target: document.body, of: filesOf });
}

/** One transfer. */
class Card {
  constructor(title, files) {
    this.heading = make('h2', { tabindex: '-1' }, title);
    this.facts = make('p', { class: 'facts', role: 'status' });
    this.list = make('ul', { class: 'files' }, ...files.slice(0, MOST_LISTED).map(listed));
    if (files.length > MOST_LISTED) this.list.append(make('li', { class: 'size' }, `… and ${count(files.length - MOST_LISTED, 'more file')}`));
    this.element = make('li', null, this.heading, this.list, this.facts);
    find('moves').prepend(this.element);
  }

  say(words) {
    this.facts.textContent = words;
  }

  /** A button that ends it, for as long as it moves. */
  stoppable() {
    const stop = new AbortController();
    const button = make('button', { type: 'button' }, 'Stop');
    button.addEventListener('click', () => stop.abort(new DOMException('stopped here', 'AbortError')));
    const row = make('p', { class: 'row ask' }, button);
    this.element.append(row);
    return { signal: stop.signal, over: () => row.remove() };
  }

  progress({ bytes: done, total: all }) {
    const now = performance.now();
    if (!this.bar) {
      this.bar = make('progress', { max: '1', value: '0', 'aria-label': 'How much has come through' });
      this.facts.after(this.bar);
      // A status that changes all the time would be read all the time.
      this.facts.setAttribute('aria-live', 'off');
      this.begun = { at: now, done };
    }
    this.bar.value = all > 0 ? done / all : 1;
    if (now - (this.told ?? 0) < 200) return;
    this.told = now;
    const rate = (1000 * (done - this.begun.done)) / (now - this.begun.at);
    const left = rate > 0 && now - this.begun.at > 1000 ? `, ${size(rate)}/s, ${seconds((all - done) / rate)} left` : '';
    this.say(`${size(done)} of ${size(all)}${left}`);
  }

  ended(words) {
    this.bar?.remove();
    this.facts.setAttribute('aria-live', 'polite');
    this.say(words);
  }

  /** @param {{path: string, words: string}[]} lost @param {string} all what it was */
  sent(lost, all) {
    this.heading.textContent = `You sent ${all}`;
    this.ended(lost.length === 0 ? 'sent, and checked there' : `${count(lost.length, 'file')} did not come through`);
    for (const { path, words } of lost.slice(0, MOST_LISTED)) {
      this.list.append(make('li', null, make('span', { dir: 'auto' }, oneLine(path)), make('span', { class: 'size' }, oneLine(words, 200))));
    }
  }

  failed(error) {
    this.ended(`not complete: ${oneLine(error?.words ?? error?.message ?? String(error), 300)}`);
  }

  received(files) {
    const whole = files.filter(({ ok }) => ok);
    this.list.replaceChildren(
      ...files.map(({ path, blob, ok, words }) =>
        make(
          'li',
          null,
          make('span', { dir: 'auto' }, oneLine(path)),
          ok
            ? saving(blob, fileName(path.split('/').at(-1)), `Save, ${size(blob.size)}`, `Save, ${size(blob.size)}: ${oneLine(path)}`)
            : make('span', { class: 'size' }, words ? oneLine(words, 200) : 'did not come through whole'),
        ),
      ),
    );
    this.heading.textContent = `You received ${what(whole.length, whole.reduce((sum, { blob }) => sum + blob.size, 0))}`;
    this.ended(whole.length === files.length ? 'received, and checked' : `${count(files.length - whole.length, 'file')} did not come through`);
  }
}

function listed({ path, size: bytes }) {
  return make('li', null, make('span', { dir: 'auto' }, oneLine(path)), make('span', { class: 'size' }, size(bytes)));
}

function what(files, bytes) {
  return `${count(files, 'file')}, ${size(bytes)}`;
}
