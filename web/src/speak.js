// Playing messages.

import { running } from './listen.js';
import { encode } from './modem.js';
import { UsageError } from './errors.js';
import { playAt } from './voice.js';

/** What is synthesised and played: the browser resamples if its sound card has another rate. */
const RATE = 48000;

/**
 * Plays a message, and waits until it has sounded.
 *
 * @param {Uint8Array | ArrayBuffer | string} payload
 * @param {object} [options]
 * @param {string} [options.profile]
 * @param {number} [options.passes]
 * @param {number} [options.firstPass]
 * @param {number} [options.volume] 0 to 1, 1 if not given
 * @param {string} [options.deviceId] which loudspeaker
 * @param {AbortSignal} [options.signal] falls silent at once, and rejects
 * @returns {Promise<{seconds: number}>} how long the sound was
 */
export async function speak(payload, options = {}) {
  const { deviceId, signal, volume = 1, ...rest } = options;
  if (!(volume >= 0 && volume <= 1)) throw new UsageError(`volume is 0 to 1, not ${volume}`);
  signal?.throwIfAborted();
  const sound = await encode(payload, { ...rest, rate: RATE });
  const context = new AudioContext({ sampleRate: RATE, latencyHint: 'playback' });
  try {
    if (deviceId !== undefined) await playAt(context, deviceId);
    await running(context);
    const buffer = context.createBuffer(1, sound.length, RATE);
    buffer.copyToChannel(sound, 0);
    const source = context.createBufferSource();
    source.buffer = buffer;
    const gain = context.createGain();
    gain.gain.value = volume;
    source.connect(gain).connect(context.destination);
    await new Promise((resolve, reject) => {
      source.onended = resolve;
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      if (signal?.aborted) reject(signal.reason);
      source.start();
    });
    // Given to the sound card is not yet played.
    const late = (context.outputLatency || 0) + context.baseLatency;
    await new Promise((resolve) => setTimeout(resolve, 1000 * late));
    return { seconds: sound.length / RATE };
  } finally {
    await context.close();
  }
}
