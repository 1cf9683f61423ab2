// In a worker: sound files to messages and a picture, messages to sound files. Whoever asked may end
// it at any time by ending the worker.

import { Ear, encode, readWav, WavError, writeWav } from '../airshake/src/index.js';
import { LONGEST_S } from './limits.js';
import { picture } from './spectrum.js';
import { seconds } from './text.js';

onmessage = async ({ data }) => {
  try {
    const { answer, hand } = await (data.type === 'read' ? read(data) : make(data));
    postMessage({ type: 'done', ...answer }, hand);
  } catch (error) {
    postMessage({ type: 'failed', name: error?.name ?? 'Error', message: error?.message ?? String(error) });
  }
};

/** @param {{file?: Blob, samples?: Float32Array, rate?: number, columns: number, rows: number}} task */
async function read({ file, samples, rate, columns, rows }) {
  if (file) {
    try {
      ({ samples, rate } = readWav(new Uint8Array(await file.arrayBuffer())));
    } catch (error) {
      // The browser may know what it is.
      if (error instanceof WavError) return { answer: { other: true } };
      throw error;
    }
  }
  if (samples.length > LONGEST_S * rate) {
    throw new RangeError(`${seconds(samples.length / rate)} of sound are too long: at most ${seconds(LONGEST_S)} are read`);
  }
  const ear = await Ear.open(rate);
  const events = [];
  const take = (some) => {
    for (const event of some) if (events.length < MOST_EVENTS) events.push(event);
  };
  let told = 0;
  for (let at = 0; at < samples.length; at += ear.piece) {
    take(ear.push(samples.subarray(at, at + ear.piece)));
    if (at - told > rate) {
      told = at;
      postMessage({ type: 'progress', share: (0.7 * at) / samples.length });
    }
  }
  take(ear.finish());
  const report = ear.report();
  const top = Math.min(rate / 2, TOP_HZ);
  const onProgress = (share) => postMessage({ type: 'progress', share: 0.7 + 0.3 * share });
  const cells = picture(samples, rate, { columns, rows, top, onProgress });
  return {
    answer: { events, report, rate, length: samples.length, picture: { cells, columns, rows, top } },
    hand: [cells.buffer],
  };
}

/** @param {{bytes: Uint8Array, profile: string, passes: number}} task */
async function make({ bytes, profile, passes }) {
  const one = await encode(bytes, { profile, rate: RATE });
  const whole = (one.length / RATE) * passes;
  if (whole > LONGEST_S) {
    throw new RangeError(
      `this would be ${seconds(whole)} of sound, and at most ${seconds(LONGEST_S)} are made here: ` +
        'take fewer passes or a shorter message; `airshake encode` has no such limit',
    );
  }
  const samples = passes === 1 ? one : await encode(bytes, { profile, passes, rate: RATE });
  const wav = writeWav(samples, RATE);
  return {
    answer: { samples, wav, rate: RATE, length: samples.length },
    hand: [samples.buffer, wav.buffer],
  };
}

/** What is made, in samples a second. */
const RATE = 48000;

/** What is shown of a sound: most profiles end below, and most ears too. */
const TOP_HZ = 22050;

/** Events of a sound that are told; one that has more is nobody's message. */
const MOST_EVENTS = 20_000;
