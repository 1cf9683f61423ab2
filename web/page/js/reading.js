// Sound to message: a file, what was in it, and why it was not more.

import { find, fileName, filesFrom, make, notice, saving } from './dom.js';
import { LARGEST, LONGEST_S } from './limits.js';
import { draw } from './plot.js';
import { inWorker } from './task.js';
import { asText, count, hexLines, oneLine, seconds, size, snr } from './text.js';
import { sentence } from './trouble.js';

/** Makes the part of the page work. */
export function startReading() {
  filesFrom(find('drop-sound'), find('sound'), ([file]) => read(file), {
    target: find('part-sound-files'),
    of: ({ files }) => [...files],
  });
  find('reading-stop').addEventListener('click', () => stop?.abort(STOPPED));
}

/** @type {AbortController | undefined} */
let stop;
const STOPPED = new DOMException('stopped', 'AbortError');

async function read(/** @type {File} */ file) {
  stop?.abort(STOPPED);
  const mine = (stop = new AbortController());
  const result = find('read');
  result.hidden = true;
  result.replaceChildren();
  find('reading').hidden = false;
  find('reading-now').textContent = `Reading ${oneLine(file.name)}, ${size(file.size)}`;
  const bar = find('reading-bar');
  bar.value = 0;
  try {
    const heard = await examine(file, mine.signal, (share) => (bar.value = share));
    if (stop !== mine) return;
    show(file, heard, result);
  } catch (error) {
    if (stop !== mine) return;
    if (error === STOPPED) result.replaceChildren(notice('warn', 'Stopped.'));
    else result.replaceChildren(notice('bad', `${oneLine(file.name)} was not read`, sentence(error.message)));
  }
  find('reading').hidden = true;
  result.hidden = false;
  result.focus({ preventScroll: true });
  result.scrollIntoView({ block: 'nearest' });
}

async function examine(file, signal, onProgress) {
  if (file.size > LARGEST) {
    throw new Error(`it has ${size(file.size)}, and at most ${size(LARGEST)} are read here: cut it, or use \`airshake decode\``);
  }
  if (file.size === 0) throw new Error('it is empty');
  const shape = { columns: 900, rows: 160 };
  const heard = await inWorker({ type: 'read', file, ...shape }, { onProgress, signal });
  if (!heard.other) return heard;
  const { samples, rate } = await decoded(file, signal);
  return inWorker({ type: 'read', samples, rate, ...shape }, { onProgress, signal, hand: [samples.buffer] });
}

/** What the browser's own decoders make of a file, mixed to one channel. */
async function decoded(file, signal) {
  const length = await told(file, signal);
  if (length > LONGEST_S) {
    throw new Error(`it has ${seconds(length)} of sound, and at most ${seconds(LONGEST_S)} are read here: cut it, or use \`airshake decode\``);
  }
  const bytes = await file.arrayBuffer();
  signal.throwIfAborted();
  let sound;
  try {
    sound = await new OfflineAudioContext(1, 1, 48000).decodeAudioData(bytes);
  } catch {
    throw new Error('this browser knows no such sound: make it a WAV file first');
  }
  signal.throwIfAborted();
  const samples = sound.getChannelData(0).slice();
  for (let channel = 1; channel < sound.numberOfChannels; channel++) {
    const other = sound.getChannelData(channel);
    for (let i = 0; i < samples.length; i++) samples[i] += other[i];
  }
  if (sound.numberOfChannels > 1) for (let i = 0; i < samples.length; i++) samples[i] /= sound.numberOfChannels;
  return { samples, rate: sound.sampleRate };
}

/** How long a file says it is, in seconds; 0 if it does not say. Asked before all of it is unpacked. */
function told(file, signal) {
  return new Promise((resolve, reject) => {
    const url = URL.createObjectURL(file);
    const audio = new Audio();
    const done = (settle, value) => {
      audio.removeAttribute('src');
      URL.revokeObjectURL(url);
      settle(value);
    };
    audio.preload = 'metadata';
    audio.onloadedmetadata = () => done(resolve, Number.isFinite(audio.duration) ? audio.duration : 0);
    audio.onerror = () => done(resolve, 0);
    signal.addEventListener('abort', () => done(reject, signal.reason), { once: true });
    audio.src = url;
  });
}

function show(file, { events, report, rate, length, picture }, result) {
  const messages = events.filter(({ type }) => type === 'message');
  const level = report.rmsDbfs === null ? 'silent' : `${report.rmsDbfs.toFixed(0)} dBFS, peak ${report.peakDbfs.toFixed(0)} dBFS`;
  const facts = `${seconds(length / rate)} of sound at ${rate.toLocaleString('en-US')} Hz, ${level}`;
  const title = messages.length === 0 ? 'No message in it' : count(messages.length, 'message');
  result.append(make('h3', null, `${oneLine(file.name)}: ${title}`), make('p', { class: 'facts' }, facts));
  if (messages.length > 0) {
    const list = make('ol', { class: 'messages' });
    messages.slice(0, MOST_SHOWN).forEach((message, i) => list.append(shown(message, i, rate)));
    result.append(list);
    if (messages.length > MOST_SHOWN) result.append(make('p', { class: 'hint' }, `… and ${count(messages.length - MOST_SHOWN, 'more message')}`));
  }
  for (const finding of messages.length === 0 ? report.findings : []) {
    result.append(notice('warn', sentence(finding.words), finding.advice));
  }
  result.append(draw(picture, events, { rate, length, title }));
}

function shown({ at, payload, profile, passes, snrDb, clockPpm }, i, rate) {
  const facts = [
    `at ${seconds(at / rate)}`,
    count(payload.length, 'byte'),
    profile,
    count(passes, 'pass').replace('passs', 'passes'),
    snr(snrDb),
    `clock ${clockPpm >= 0 ? '+' : '−'}${Math.abs(clockPpm).toFixed(1)} ppm`,
  ];
  const text = asText(payload);
  const name = `message-${i + 1}.${text === undefined ? 'bin' : 'txt'}`;
  const blob = new Blob([payload], { type: text === undefined ? 'application/octet-stream' : 'text/plain' });
  const copied = make('span', { role: 'status', class: 'hint' });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      copied.textContent = 'copied';
    } catch {
      copied.textContent = 'the browser does not let this page copy: select the text instead';
    }
  };
  return make(
    'li',
    null,
    make('p', { class: 'facts' }, facts.join(' · ')),
    text === undefined ? make('pre', { class: 'hex' }, hexLines(payload)) : make('pre', { dir: 'auto' }, text || '(empty)'),
    make(
      'p',
      { class: 'row' },
      ...(text ? [make('button', { type: 'button', onclick: copy }, 'Copy')] : []),
      saving(blob, fileName(name), 'Save', `Save ${name}`),
      copied,
    ),
  );
}

/** Messages of one sound that are shown. */
const MOST_SHOWN = 100;
