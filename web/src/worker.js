// In a worker: hears what the worklet gathers, tells the page what it caused.

import { load } from './engine.js';
import { EngineError } from './errors.js';
import { Ear } from './modem.js';

let ear;
/** Makes the ear, again if need be. */
let open;
/** Samples that came so far, and those that should have come in between. */
let [heard, lost] = [0, 0];
/** Where the samples ended so far, by the count of the audio thread. */
let ended;

onmessage = async ({ data, ports }) => {
  switch (data.type) {
    case 'open': {
      const { module, rate, profiles } = data;
      open = async () => {
        await load({ wasm: module });
        ear = await Ear.open(rate, profiles);
      };
      try {
        await open();
      } catch (error) {
        refuse(error);
        return;
      }
      ports[0].onmessage = ({ data }) => hear(data);
      postMessage({ type: 'opened' });
      break;
    }
    case 'report':
      postMessage({ type: 'report', ...attempt(() => ({ report: ear.report() })) });
      break;
    case 'finish':
      postMessage({ type: 'finished', ...attempt(() => ({ events: ear.finish(), report: ear.report() })) });
      break;
  }
};

function hear(/** @type {{samples: Float32Array, end: number}} */ { samples, end }) {
  heard += samples.length;
  lost += ended === undefined ? 0 : end - samples.length - ended;
  ended = end;
  let [peak, sum] = [0, 0];
  for (const x of samples) {
    peak = Math.max(peak, Math.abs(x));
    sum += x * x;
  }
  const rms = Math.sqrt(sum / samples.length);
  // Without an ear for the moment in which it is replaced.
  const { events, error } = attempt(() => ({ events: ear?.push(samples) ?? [] }));
  postMessage({ type: 'heard', events: events ?? [], error, peak, rms, heard, lost });
}

/** What comes of it, or an error; an ear that broke is replaced, and hears on from there. */
function attempt(act) {
  try {
    return act();
  } catch (error) {
    if (error instanceof EngineError) {
      ear = undefined;
      open().catch(refuse);
    }
    return { error: plain(error) };
  }
}

/** There is no ear, and will be none. */
function refuse(error) {
  postMessage({ type: 'refused', error: plain(error) });
}

function plain({ name, message }) {
  return { name, message };
}
