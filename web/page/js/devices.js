// Which microphone, which loudspeaker: the browser tells names only after the microphone was allowed.

import { openMicrophone } from '../airshake/src/index.js';
import { find, make, notice } from './dom.js';
import { oneLine } from './text.js';
import { explained } from './trouble.js';

/** Makes the choice work. */
export function startDevices() {
  // Not every browser lets a page choose where it plays.
  const choosable = 'AudioContext' in globalThis && 'setSinkId' in AudioContext.prototype;
  find('loudspeaker-field').hidden = !choosable;
  find('ask-devices').addEventListener('click', ask);
  navigator.mediaDevices?.addEventListener?.('devicechange', listDevices);
  listDevices();
}

async function ask() {
  const button = find('ask-devices');
  button.parentElement.querySelectorAll('.notice').forEach((old) => old.remove());
  try {
    const stream = await openMicrophone();
    await listDevices();
    stream.getTracks().forEach((track) => track.stop());
    find('microphone').focus();
  } catch (error) {
    const { title, words, advice } = explained(error);
    button.after(notice('bad', title, words, ...advice));
  }
}

/** Fills the lists with what can be chosen by now. */
export async function listDevices() {
  const devices = await navigator.mediaDevices?.enumerateDevices?.().catch(() => undefined);
  const named = (devices ?? []).filter(({ label, deviceId }) => label && deviceId && deviceId !== 'default' && deviceId !== 'communications');
  fill(find('microphone'), named.filter(({ kind }) => kind === 'audioinput'));
  fill(find('loudspeaker'), named.filter(({ kind }) => kind === 'audiooutput'));
  const known = named.length > 0;
  find('ask-devices').parentElement.hidden = known;
  find('device-hint').hidden = known;
}

function fill(select, devices) {
  const chosen = select.value;
  const [usual] = select.options;
  select.replaceChildren(usual, ...devices.map(({ label, deviceId }) => make('option', { value: deviceId }, oneLine(label, 60))));
  select.value = devices.some(({ deviceId }) => deviceId === chosen) ? chosen : '';
}
