// From the first sound to four words: what happens, told while it happens.

import { openMicrophone, pair } from '../airshake/src/index.js';
import { processed } from '../airshake/src/microphone.js';
import { listDevices } from './devices.js';
import { enter, find, make, notice } from './dom.js';
import { count, oneLine, seconds, snr } from './text.js';
import { advised, explained, sentence } from './trouble.js';
import { Waterfall } from './waterfall.js';

/** What is shown of what happened, in lines. */
const MOST_LINES = 200;
/** How often the sound is looked at, and when it can be said what it is like, in milliseconds. */
const [ADVICE_MS, SETTLED_MS] = [2000, 8000];
/** What is true of all that is heard, and can be changed. */
const LASTING = ['clipped', 'too-quiet', 'band-missing', 'gated', 'dropouts', 'not-numbers'];
/** How often the level is shown, in milliseconds. */
const LEVEL_MS = 150;
/** After this the browser has asked, and waits, in milliseconds. */
const ASKED_MS = 400;
/** Within this of its end it is known what somebody said, in milliseconds. */
const UNDERSTOOD_MS = 1000;
/** A microphone that gives less than this for so long, in samples and milliseconds, is switched off. */
const [MUTE, MUTE_MS] = [1e-5, 4000];

/**
 * Looks for the other side, shows it, and gives what was found; undefined if the user has had enough.
 *
 * @returns {Promise<object | undefined>} a meeting
 */
export async function look() {
  const scene = new Scene();
  enter('looking');
  const stop = new AbortController();
  const cancel = () => stop.abort();
  find('cancel').addEventListener('click', cancel);
  const escape = ({ key }) => key === 'Escape' && cancel();
  document.addEventListener('keydown', escape);
  let stream;
  try {
    stream = await scene.asking(openMicrophone(find('microphone').value || undefined), stop.signal);
    listDevices();
    const changed = processed(stream.getAudioTracks()[0]);
    if (changed) scene.trouble(changed);
    await scene.watch(stream);
    scene.now(LOOKING);
    return await pair({ ...wishes(), stream, signal: stop.signal, onEvent: (event) => scene.tell(event) });
  } catch (error) {
    if (stop.signal.aborted || error?.reason === 'cancelled') return undefined;
    throw error;
  } finally {
    find('cancel').removeEventListener('click', cancel);
    document.removeEventListener('keydown', escape);
    await scene.end();
    // The sound has done its work: the sign that somebody listens goes out.
    stream?.getTracks().forEach((track) => track.stop());
  }
}

/** What was chosen under Options. */
function wishes() {
  return {
    ways: find('ways').value,
    code: find('code').value.trim() || undefined,
    profile: find('profile').value || undefined,
    volume: Number(find('volume').value) / 100,
    loudspeaker: find('loudspeaker').value || undefined,
  };
}

/** What is seen while somebody is looked for. */
class Scene {
  constructor() {
    this.begun = performance.now();
    this.troubles = new Set();
    find('looking-events').replaceChildren();
    find('looking-notices').replaceChildren();
    find('looking-title').textContent = 'Listening';
    find('looking-sound').hidden = true;
    this.now('');
    this.waterfall = new Waterfall(find('waterfall'), find('marks'));
  }

  /** Waits for the microphone, and no longer than the user does. */
  async asking(microphone, signal) {
    // Who has allowed it before is not asked.
    const asked = setTimeout(() => {
      find('looking-title').textContent = 'Allow the microphone';
      this.now('The browser asks whether this page may use it. What it hears is read here, and goes nowhere.');
    }, ASKED_MS);
    try {
      return await new Promise((resolve, reject) => {
        microphone.then(resolve, reject);
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    } finally {
      clearTimeout(asked);
      if (signal.aborted) microphone.then((stream) => stream.getTracks().forEach((track) => track.stop())).catch(() => {});
    }
  }

  async watch(stream) {
    find('looking-title').textContent = 'Listening';
    find('looking-sound').hidden = false;
    await this.waterfall.start(stream);
    this.advice = setInterval(() => this.advise(), ADVICE_MS);
    this.sounded = performance.now();
  }

  /** How loud it is, many times a second, whether the page is looked at or not. */
  level(peak) {
    const now = performance.now();
    this.loudest = Math.max(this.loudest ?? 0, peak);
    if (peak > MUTE) this.sounded = now;
    else if (now - this.sounded > MUTE_MS) {
      this.warn('mute', 'The microphone gives nothing at all', 'It may be switched off: by a key, a switch on the computer, or in the system’s settings. Or choose another one under Options.');
    }
    if (now - (this.shown ?? 0) < LEVEL_MS) return;
    const level = this.loudest > 0 ? Math.round(20 * Math.log10(this.loudest)) : -99;
    find('level').value = Math.max(-72, level);
    find('level-out').textContent = this.loudest > 0 ? `${level} dB` : 'silent';
    [this.shown, this.loudest] = [now, 0];
  }

  /** What is wrong with all that is heard, each cause once. What is wrong with one burst may be chance. */
  async advise() {
    if (performance.now() - this.begun < SETTLED_MS) return;
    const report = await this.report?.();
    const lasting = report?.findings.find(({ cause }) => LASTING.includes(cause));
    if (lasting) this.warn(lasting.cause, sentence(lasting.words), sentence(lasting.advice));
  }

  async end() {
    clearInterval(this.advice);
    clearTimeout(this.spoken);
    await this.waterfall.stop();
  }

  /** What goes on at the moment. */
  now(words) {
    const line = find('looking-now');
    if (line.textContent !== words) line.textContent = words;
  }

  line(words) {
    const time = `${((performance.now() - this.begun) / 1000).toFixed(1)} s`;
    const list = find('looking-events');
    list.append(make('div', null, make('time', null, time), make('span', null, words)));
    if (list.children.length > MOST_LINES) list.firstChild.remove();
    list.scrollTop = list.scrollHeight;
  }

  warn(kind, title, ...lines) {
    if (this.troubles.has(kind) || this.troubles.size > 8) return;
    this.troubles.add(kind);
    find('looking-notices').append(notice('warn', title, ...lines));
  }

  trouble(error) {
    if (error.name === 'ProcessedSoundError') {
      this.warn('processed', 'The browser changes what this microphone hears', `${sentence(error.processing.map((name) => PROCESSING[name] ?? name).join(', '))} It was asked not to, and does it all the same; tones may be lost.`, 'If nothing is heard, try another browser or another microphone.');
    } else {
      const { title, words, advice } = explained(error);
      this.warn(error.message, title, words, ...advice.slice(0, 1));
    }
  }

  tell(event) {
    switch (event.type) {
      case 'listening':
        [this.rate, this.report] = [event.rate, event.report];
        break;
      case 'level':
        this.level(event.peak);
        break;
      case 'playing':
        find('looking-title').textContent = 'Speaking and listening';
        this.waterfall.mark('ours', event.airSeconds, 0, count(event.bytes, 'byte'));
        break;
      case 'heard':
        this.line(`heard ${count(event.bytes, 'byte')}, ${snr(event.snrDb)}`);
        this.waterfall.read(`${count(event.bytes, 'byte')}, ${event.snrDb.toFixed(0)} dB`);
        break;
      case 'modem':
        this.modem(event.event);
        break;
      case 'note':
        this.note(event);
        break;
      case 'trouble':
        this.trouble(event.error);
        break;
      case 'connected':
        this.line(`connected by ${event.way} in ${event.seconds.toFixed(1)} s`);
        this.now('Connected; proving it to each other.');
        break;
    }
  }

  modem(event) {
    switch (event.type) {
      case 'carrier':
        this.waterfall.mark('maybe', 0.05);
        break;
      case 'header':
        this.waterfall.know((event.until - event.at) / this.rate, event.bytes ? `${count(event.bytes, 'byte')} …` : '');
        this.now(SPEAKS);
        // What comes of it is told; if nothing does, it was for somebody else.
        clearTimeout(this.spoken);
        this.spoken = setTimeout(() => find('looking-now').textContent === SPEAKS && this.now(LOOKING), (1000 * (event.until - event.at)) / this.rate + UNDERSTOOD_MS);
        break;
      case 'lost':
        this.line(`a burst could not be read, ${snr(event.snrDb)}`);
        break;
    }
  }

  note({ note, advice, words }) {
    const [line, now] = NOTES[note] ?? [oneLine(note), undefined];
    this.line(line);
    if (now) this.now(now);
    if (note === 'unreached') {
      this.warn('unreached', 'Heard, but nothing came over the network yet', ...(words ? [sentence(oneLine(words, 400))] : []), advice ? advised(advice) : 'Raise the volume of this computer and move closer; if that does not help, try a phone hotspot, for guest networks keep their devices apart.');
    }
  }
}

const [LOOKING, SPEAKS] = ['Looking for somebody within earshot.', 'Somebody speaks.'];

const NOTES = {
  answering: ['answering', 'Answering.'],
  answered: ['got an answer', 'Got an answer; connecting.'],
  knocked: ['somebody who heard it connects', 'Somebody who heard it connects.'],
  busy: ['who was heard pairs with somebody else; waiting for another', 'Who was heard pairs with somebody else; waiting for another.'],
  connecting: ['connecting over the network', 'Connecting over the network.'],
  outpaced: ['somebody else was faster; waiting for another', LOOKING],
  'peer-gone': ['the other side went quiet; starting over', LOOKING],
  'no-route': ['the network brought no link; starting over', LOOKING],
  unreached: ['heard, and nothing came over the network; going on', undefined],
};

const PROCESSING = {
  echoCancellation: 'echo cancellation',
  noiseSuppression: 'noise suppression',
  autoGainControl: 'automatic gain',
};

/** How they found each other, in words. */
export function how({ way, seconds: time }) {
  const ways = { 'one-sound': 'by one sound', 'two-sounds': 'by two sounds' };
  return `${sentence(ways[way] ?? `by ${oneLine(way)}`).slice(0, -1)}, in ${seconds(time)}.`;
}
