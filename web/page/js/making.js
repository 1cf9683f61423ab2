// Message to sound: played, or kept as a file.

import { profiles } from '../airshake/src/index.js';
import { find, make, notice, saving } from './dom.js';
import { LONGEST_MESSAGE } from './limits.js';
import { inWorker } from './task.js';
import { count, seconds } from './text.js';
import { sentence } from './trouble.js';

/** Makes the part of the page work. */
export function startMaking() {
  const text = find('text');
  const told = () => {
    const bytes = new TextEncoder().encode(text.value).length;
    find('text-size').textContent = `${bytes.toLocaleString('en-US')} of ${count(LONGEST_MESSAGE, 'byte')}`;
    const most = `a message has at most ${count(LONGEST_MESSAGE, 'byte')}, and this has ${bytes.toLocaleString('en-US')}`;
    text.setCustomValidity(bytes > LONGEST_MESSAGE ? most : '');
  };
  text.addEventListener('input', told);
  told();
  find('make').addEventListener('submit', (event) => {
    event.preventDefault();
    work(event.submitter);
  });
}

/** Fills the choices of a profile, and says of the chosen one what it is for. */
export async function tellProfiles(...selects) {
  const all = await profiles();
  for (const select of selects) {
    const hint = find(`${select.id}-hint`);
    const usual = hint.textContent;
    const tell = () => (hint.textContent = sentence(all.find(({ name }) => name === select.value)?.purpose ?? usual));
    const missing = all.filter(({ name }) => ![...select.options].some(({ value }) => value === name));
    select.append(...missing.map(({ name }) => make('option', { value: name }, name)));
    select.addEventListener('change', tell);
    tell();
  }
}

/** @type {AbortController | undefined} */
let busy;

async function work(button) {
  busy?.abort();
  const mine = (busy = new AbortController());
  const bytes = new TextEncoder().encode(find('text').value);
  const [profile, passes] = [find('make-profile').value, Number(find('passes').value)];
  const result = find('made');
  silence?.();
  result.replaceChildren(make('p', { class: 'hint' }, 'Making it …'));
  if (button) button.disabled = true;
  try {
    const sound = await inWorker({ type: 'make', bytes, profile, passes }, { signal: mine.signal });
    result.replaceChildren(...shown(sound, bytes.length, profile));
  } catch (error) {
    if (!mine.signal.aborted) result.replaceChildren(notice('bad', 'No sound was made', sentence(error.message)));
  }
  if (button) button.disabled = false;
}

function shown({ samples, wav, rate, length }, bytes, profile) {
  const play = make('button', { type: 'button' }, 'Play');
  const trouble = make('div');
  play.addEventListener('click', async () => {
    if (silence) return silence();
    trouble.replaceChildren();
    try {
      silence = await sounding(samples, rate, () => {
        silence = undefined;
        play.textContent = 'Play';
      });
      play.textContent = 'Stop';
    } catch (error) {
      trouble.replaceChildren(notice('bad', 'It cannot be played', sentence(error.message)));
    }
  });
  const file = new Blob([wav], { type: 'audio/wav' });
  return [
    make('p', { class: 'notice good' }, `${count(bytes, 'byte')} in ${seconds(length / rate)} of sound, ${profile}.`),
    make('p', { class: 'row' }, play, saving(file, `airshake-${profile}.wav`, 'Save as WAV')),
    trouble,
  ];
}

/** Ends what sounds at the moment. @type {(() => void) | undefined} */
let silence;

/** Plays; gives what ends it. */
async function sounding(samples, rate, onEnd) {
  const context = new AudioContext({ sampleRate: rate });
  const buffer = context.createBuffer(1, samples.length, rate);
  buffer.copyToChannel(samples, 0);
  const source = context.createBufferSource();
  source.buffer = buffer;
  source.connect(context.destination);
  let over = false;
  const end = () => {
    if (over) return;
    over = true;
    context.close();
    onEnd();
  };
  source.onended = end;
  await context.resume();
  source.start();
  return end;
}
