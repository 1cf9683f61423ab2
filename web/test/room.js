// A room in one process: whoever speaks is heard by every ear, also by their own, mixed with whoever
// else speaks. In real time, for that is what the speakers wait by.

import { Ear, encode } from '../src/index.js';

const RATE = 48000;
const TICK_MS = 50;
const TICK = (RATE * TICK_MS) / 1000;

/** A room. `mute(n)` says whether the nth sound in it is drowned; `sounds` counts them. */
export class Room {
  constructor({ mute = () => false } = {}) {
    this.mute = mute;
    this.sounds = 0;
    this.ears = new Set();
    /** Sounds that are still going on, and how far. */
    this.air = new Set();
    this.begun = performance.now();
    this.ticks = 0;
    this.timer = setInterval(() => this.catchUp(), TICK_MS);
  }

  catchUp() {
    // Timers are late, never early.
    for (; this.ticks * TICK_MS < performance.now() - this.begun; this.ticks++) {
      const slice = new Float32Array(TICK);
      for (const sound of this.air) {
        const piece = sound.samples.subarray(sound.at, sound.at + TICK);
        for (let i = 0; i < piece.length; i++) slice[i] += piece[i] / 4;
        sound.at += TICK;
        if (sound.at >= sound.samples.length) {
          this.air.delete(sound);
          sound.over();
        }
      }
      for (const ear of this.ears) ear(slice);
    }
  }

  /** As the package's `listen`, in this room. */
  listen = async (onMessage, { onEvent } = {}) => {
    const ear = await Ear.open(RATE, ['audible']);
    const listening = { rate: RATE, heard: 0, stop: async () => this.ears.delete(hear) };
    const hear = (slice) => {
      listening.heard += slice.length;
      for (const event of ear.push(slice)) {
        onEvent?.(event);
        if (event.type === 'message') onMessage(event);
      }
    };
    this.ears.add(hear);
    return listening;
  };

  /** As the package's `speak`, in this room. */
  speak = async (payload, { firstPass, signal }) => {
    signal?.throwIfAborted();
    const samples = await encode(payload, { firstPass, rate: RATE });
    if (this.mute(this.sounds++)) samples.fill(0);
    await new Promise((resolve, reject) => {
      const sound = { samples, at: 0, over: resolve };
      this.air.add(sound);
      signal?.addEventListener('abort', () => {
        this.air.delete(sound);
        reject(signal.reason);
      });
    });
    return { seconds: samples.length / RATE };
  };

  close() {
    clearInterval(this.timer);
  }
}
