// The page's two parts, and the way through pairing: start, looking, words, connected, start.

import { startDevices } from './devices.js';
import { enter, find, make } from './dom.js';
import { startMaking, tellProfiles } from './making.js';
import { how, look } from './meeting.js';
import { startMoves } from './moves.js';
import { startReading } from './reading.js';
import { failed, talk } from './talking.js';
import { oneLine } from './text.js';

startParts();
startReading();
startMaking();
startDevices();
startMoves();
tellProfiles(find('make-profile'), find('profile')).catch(failed);

const volume = find('volume');
volume.addEventListener('input', () => (find('volume-out').textContent = `${volume.value} %`));
find('begin').addEventListener('submit', (event) => {
  event.preventDefault();
  begin();
});
find('again').addEventListener('click', begin);
find('change').addEventListener('click', () => {
  document.querySelector('details.options').open = true;
  enter('start', document.querySelector('details.options summary'));
});

/** One whole meeting, from the button to the button. */
async function begin() {
  try {
    const meeting = await look();
    const link = meeting && (await compared(meeting));
    if (!link) return enter('start');
    await talk(link, how(meeting));
    enter('start');
  } catch (error) {
    failed(error);
  }
}

/** The link, once the user has found the words the same; nothing if they are not. */
async function compared(meeting) {
  const words = find('words');
  if (meeting.byCode) return meeting.accept();
  words.replaceChildren();
  find('words-how').textContent = how(meeting);
  enter('words');
  // Told once they stand in a place that is listened to.
  words.append(...meeting.words.map((word) => make('li', null, oneLine(word, 30))));
  const stop = new AbortController();
  const { signal } = stop;
  const pressed = (id) => new Promise((resolve) => find(id).addEventListener('click', () => resolve(id), { signal }));
  const answer = await Promise.race([pressed('same'), pressed('differ'), meeting.ended]);
  stop.abort();
  if (answer === 'same') {
    find('words-how').textContent = 'Waiting for the other side to say so too.';
    return meeting.accept();
  }
  if (answer === 'differ') {
    meeting.refuse();
    throw Object.assign(new Error('you said that the words differ, and the connection was ended'), { name: 'PairError', reason: 'differ' });
  }
  const { reason, words: told } = answer;
  throw Object.assign(new Error(oneLine(told, 300)), { name: 'PairError', reason: reason === 'refused' ? 'refused' : 'gone' });
}

/** The parts of the page are addresses within it, so that going back works. */
function startParts() {
  const parts = ['pair', 'sound-files'];
  const show = (moved) => {
    const chosen = parts.find((part) => location.hash === `#${part}`) ?? 'pair';
    for (const part of parts) {
      find(`part-${part}`).hidden = part !== chosen;
      const link = document.querySelector(`nav a[data-part="${part}"]`);
      if (part === chosen) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    if (moved) find(`part-${chosen}`).querySelector('.state:not([hidden]) h1, :scope > h1')?.focus({ preventScroll: true });
  };
  addEventListener('hashchange', () => show(true));
  show(false);
}
