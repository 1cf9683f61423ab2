// The open link: what is said both ways, and its end.

import { coded, enter, find, make, notice, titled } from './dom.js';
import { Moves } from './moves.js';
import { oneLine, plain, seconds } from './text.js';
import { explained, sentence } from './trouble.js';

/** Lines that are kept on the page. */
const MOST_LINES = 1000;

/**
 * Shows the link until it has ended and the user wants to go on.
 *
 * @param {object} link @param {string} how it came about
 */
export async function talk(link, how) {
  const chat = new Chat();
  const ending = new AbortController();
  const { signal } = ending;
  const moves = new Moves(link, (words) => chat.told(words), signal);
  find('connected-title').textContent = 'Connected';
  find('connected-how').textContent = how;
  find('end-notice').replaceChildren();
  open(true);
  chat.told('What you type appears on the other side, and nowhere else.');
  enter('connected', find('line'));

  link.addEventListener('text', ({ detail }) => chat.add('other', detail), { signal });
  link.addEventListener('standing', ({ detail }) => tellStanding(detail), { signal });
  const line = find('line');
  const say = async (event) => {
    event?.preventDefault();
    const text = line.value.replace(/\s+$/, '');
    if (text === '') return;
    line.value = '';
    chat.add('mine', text);
    try {
      // The other side shows lines.
      for (const each of text.split('\n')) await link.say(each);
    } catch (error) {
      chat.told(`not sent: ${oneLine(error.message, 300)}`);
      if (line.value === '') line.value = text;
    }
  };
  find('say').addEventListener('submit', say, { signal });
  line.addEventListener(
    'keydown',
    (event) => {
      // Not while an input method still composes.
      if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) say(event);
    },
    { signal },
  );
  find('leave').addEventListener('click', () => link.close().catch(() => {}), { signal });
  const keep = (event) => event.preventDefault();
  addEventListener('beforeunload', keep, { signal });
  addEventListener('visibilitychange', () => document.hidden || chat.seen(), { signal });

  const { reason, words } = await link.closed;
  ending.abort();
  moves.end();
  open(false);
  find('connected-title').textContent = 'The connection has ended';
  find('connected-how').textContent = '';
  return new Promise((resolve) => {
    const again = make('button', { type: 'button', class: 'primary', onclick: resolve }, 'Pair again');
    const expected = reason === 'left' || reason === 'closed';
    const told = notice(expected ? 'good' : 'warn', sentence(oneLine(words ?? reason ?? 'it is over', 400)), 'What was said and received stays here until you leave or pair again.', make('p', { class: 'row' }, again));
    find('end-notice').replaceChildren(told);
    enter('connected', undefined);
  });
}

/** Whether there is somebody to talk to. */
function open(yes) {
  find('say').hidden = !yes;
  find('tools').hidden = !yes;
}

function tellStanding({ standing, afterSeconds }) {
  const words =
    standing === 'interrupted'
      ? 'Nothing is heard of the other side for a while: it may sleep, or have lost the network.'
      : `The other side is there again${afterSeconds > 0 ? `, after ${seconds(afterSeconds)}` : ''}.`;
  find('connected-how').textContent = words;
}

/** What was said. */
class Chat {
  constructor() {
    this.list = find('chat');
    this.list.replaceChildren();
    this.unseen = 0;
    /** Whether the last line is seen: then so is the next one. */
    this.atEnd = true;
    this.list.onscroll = () => (this.atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 60);
    // A keyboard on the screen takes half of it.
    this.sizes = new ResizeObserver(() => this.follow());
    this.sizes.observe(this.list);
  }

  /** Who reads what was said before is left there. */
  follow() {
    if (this.atEnd) this.list.scrollTop = this.list.scrollHeight;
  }

  /** @param {'mine' | 'other'} whose @param {string} text */
  add(whose, text) {
    const now = new Date();
    const time = make('time', { datetime: now.toISOString() }, now.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }));
    const who = make('span', { class: 'who' }, whose === 'mine' ? 'You' : 'The other side', time);
    this.append(make('div', { class: whose }, who, make('span', { class: 'text', dir: 'auto' }, plain(text))));
    if (whose === 'other' && document.hidden) {
      this.unseen += 1;
      titled(`(${this.unseen}) Connected`);
    }
  }

  told(words) {
    this.append(make('div', { class: 'told' }, words));
  }

  seen() {
    this.unseen = 0;
    titled('Connected');
  }

  append(entry) {
    this.list.append(entry);
    if (this.list.children.length > MOST_LINES) this.list.firstChild.remove();
    this.follow();
  }
}

/** An error of what was about to become a link. */
export function failed(error) {
  const { title, words, advice, detail } = explained(error);
  find('failed-title').textContent = title;
  find('failed-detail').textContent = detail;
  find('failed-words').replaceChildren(...coded(words));
  find('failed-advice').replaceChildren(...advice.map((line) => make('li', null, ...coded(line))));
  enter('failed');
}
