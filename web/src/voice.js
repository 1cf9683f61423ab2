// A loudspeaker that is kept open: the first word must not wait for it, and any word can be cut short.

import { LoudspeakerError } from './errors.js';
import { running } from './listen.js';

/** Samples a second; the browser resamples if its sound card has another rate. */
export const RATE = 48000;

/** How long a word that is cut short fades, in seconds: so that it does not click. */
const FADE = 0.005;

/** One loudspeaker, which says one word at a time. */
export class Voice {
  /** @param {number} volume 0 to 1 */
  constructor(volume) {
    this.volume = volume;
    // Made at once: the click that led here counts only for a moment.
    this.context = new AudioContext({ sampleRate: RATE, latencyHint: 'interactive' });
    this.word = undefined;
  }

  /** Waits until it can speak. */
  async open(/** @type {string | undefined} */ deviceId) {
    if (deviceId !== undefined) await playAt(this.context, deviceId);
    await running(this.context);
  }

  /**
   * Plays these samples, in place of what was being said.
   *
   * @param {Float32Array} samples
   * @param {() => void} sounded when they have; not after `hush`
   */
  say(samples, sounded) {
    this.hush();
    const { context } = this;
    const buffer = context.createBuffer(1, samples.length, RATE);
    buffer.copyToChannel(samples, 0);
    const source = new AudioBufferSourceNode(context, { buffer });
    const gain = new GainNode(context, { gain: this.volume });
    source.connect(gain).connect(context.destination);
    const word = { source, gain };
    this.word = word;
    source.onended = () => {
      // Given to the sound card is not yet played.
      const late = (context.outputLatency || 0) + context.baseLatency;
      setTimeout(() => {
        gain.disconnect();
        if (this.word !== word) return;
        this.word = undefined;
        sounded();
      }, 1000 * late);
    };
    source.start();
  }

  /** Falls silent at once. */
  hush() {
    if (!this.word) return;
    const { source, gain } = this.word;
    this.word = undefined;
    const now = this.context.currentTime;
    gain.gain.setValueAtTime(this.volume, now);
    gain.gain.linearRampToValueAtTime(0, now + FADE);
    source.stop(now + 2 * FADE);
  }

  /** Falls silent, and gives the loudspeaker back. */
  async close() {
    if (this.word) {
      this.hush();
      await new Promise((resolve) => setTimeout(resolve, 4000 * FADE));
    }
    if (this.context.state !== 'closed') await this.context.close();
  }
}

/** Chooses a loudspeaker for what this context plays. */
export async function playAt(/** @type {AudioContext} */ context, /** @type {string} */ deviceId) {
  if (!context.setSinkId) throw new LoudspeakerError('this browser lets no page choose the loudspeaker');
  await context.setSinkId(deviceId).catch((cause) => {
    throw new LoudspeakerError('no such loudspeaker: connect it, or choose another', { cause });
  });
}
