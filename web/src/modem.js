// Bytes to samples and back: both directions ask the module, nothing is computed here.

import { Engine, load, parse, sharedEngine } from './engine.js';
import { UsageError } from './errors.js';

/** @returns {Promise<{name: string, purpose: string, lowestRate: number}[]>} */
export async function profiles() {
  return parse((await sharedEngine()).call('profiles'));
}

/**
 * Bytes as sound.
 *
 * @param {Uint8Array | ArrayBuffer | string} payload at most 65,536 bytes; text becomes UTF-8
 * @param {{profile?: string, passes?: number, firstPass?: number, rate?: number}} [options]
 * @returns {Promise<Float32Array>} mono, within -1 and 1
 */
export async function encode(payload, options = {}) {
  const { profile = 'audible', passes = 1, firstPass = 0, rate = 48000 } = options;
  const bytes = bytesOf(payload);
  const number = (await numbers([profile])).at(0);
  natural('passes', passes, 1, 1000);
  natural('firstPass', firstPass, 0, 2 ** 31);
  natural('rate', rate, 1, 2 ** 31);
  const engine = new Engine(await load());
  const bursts = [];
  // No silence between passes: who has heard one knows where the others lie.
  for (let pass = 0; pass < passes; pass++) {
    engine.write(bytes);
    engine.call('voice_open', number, rate, (firstPass + pass) % 8);
    bursts.push(burst(engine));
  }
  return joined(bursts);
}

/** What is begun in the engine, to its end. */
export function burst(/** @type {Engine} */ engine) {
  const sound = new Float32Array(engine.trapping(() => engine.exports.voice_len()));
  let at = 0;
  while (at < sound.length) {
    const count = engine.trapping(() => engine.exports.voice_read());
    if (count === 0) break;
    sound.set(engine.samples().subarray(0, count), at);
    at += count;
  }
  return sound;
}

function joined(/** @type {Float32Array[]} */ parts) {
  if (parts.length === 1) return parts[0];
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * The messages in a recording.
 *
 * @param {Float32Array} samples mono, full scale 1
 * @param {number} rate samples a second
 * @param {{profiles?: string[], onEvent?: (event: object) => void, signal?: AbortSignal}} [options]
 */
export async function decode(samples, rate, options = {}) {
  return (await analyse(samples, rate, options)).messages;
}

/**
 * The messages in a recording, and a report of what was heard and why it was not more.
 *
 * It works in slices and lets the page breathe in between; `options.signal` stops it.
 *
 * @param {Float32Array} samples mono, full scale 1
 * @param {number} rate samples a second
 * @param {{profiles?: string[], onEvent?: (event: object) => void, signal?: AbortSignal}} [options]
 */
export async function analyse(samples, rate, options = {}) {
  if (!(samples instanceof Float32Array)) {
    throw new UsageError('sound is a Float32Array of mono samples');
  }
  const { onEvent, signal } = options;
  const ear = await Ear.open(rate, options.profiles);
  const messages = [];
  const tell = (events) => {
    for (const event of events) {
      if (event.type === 'message') messages.push(event);
      onEvent?.(event);
    }
  };
  let breath = performance.now() + SLICE_MS;
  for (let at = 0; at < samples.length; at += ear.piece) {
    signal?.throwIfAborted();
    tell(ear.push(samples.subarray(at, at + ear.piece)));
    if (performance.now() > breath) {
      await new Promise((resolve) => setTimeout(resolve));
      breath = performance.now() + SLICE_MS;
    }
  }
  tell(ear.finish());
  return { messages, report: ear.report() };
}

/** Work without a pause in milliseconds: three frames of a screen. */
const SLICE_MS = 50;

/** A streaming receiver: takes any number of samples, gives the events they caused. */
export class Ear {
  /** @param {Engine} engine @param {number} wanted bits of profiles @param {number} rate */
  constructor(engine, wanted, rate) {
    this.engine = engine;
    this.piece = engine.piece;
    engine.call('ear_open', wanted, rate);
  }

  /**
   * @param {number} rate samples a second
   * @param {string[]} [names] profiles to listen for; all whose band the rate holds if not given
   */
  static async open(rate, names) {
    natural('rate', rate, 1, 2 ** 31);
    const wanted = (await numbers(names)).reduce((bits, number) => bits | (1 << number), 0);
    return new Ear(new Engine(await load()), wanted, rate);
  }

  /** The events that these samples caused, in order. A sample that is not finite counts as silence. */
  push(/** @type {Float32Array} */ samples) {
    const events = [];
    for (let at = 0; at < samples.length; at += this.piece) {
      const piece = samples.subarray(at, at + this.piece);
      this.engine.samples().set(piece);
      events.push(...told(this.engine.call('ear_push', piece.length)));
    }
    return events;
  }

  /** The sound has ended: the events that were still open. */
  finish() {
    return told(this.engine.call('ear_finish'));
  }

  /** What was heard so far, and why it was not more. */
  report() {
    return parse(this.engine.call('ear_report'));
  }
}

/** Events as the module wrote them, with payloads as bytes. */
export function told(/** @type {Uint8Array} */ output) {
  const events = parse(output) ?? [];
  for (const event of events) {
    if (event.type === 'message') event.payload = unhex(event.payload);
  }
  return events;
}

/** The digits of bytes, two each. */
export function hexOf(/** @type {Uint8Array} */ bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The inverse of {@link hexOf}. */
export function unhex(/** @type {string} */ digits) {
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}

/** The numbers of the profiles of these names, of all without names. @returns {Promise<number[]>} */
export async function numbers(/** @type {string[] | undefined} */ names) {
  const all = (await profiles()).map(({ name }) => name);
  if (names === undefined) return all.map((_, number) => number);
  if (!Array.isArray(names) || names.length === 0) {
    throw new UsageError(`profiles are a list of some of: ${all.join(', ')}`);
  }
  return names.map((name) => {
    const number = all.indexOf(name);
    if (number < 0) throw new UsageError(`no profile is named ${name}: ${all.join(', ')}`);
    return number;
  });
}

/** @returns {Uint8Array} */
export function bytesOf(/** @type {Uint8Array | ArrayBuffer | string} */ payload) {
  if (typeof payload === 'string') return new TextEncoder().encode(payload);
  if (payload instanceof Uint8Array) return payload;
  if (payload instanceof ArrayBuffer) return new Uint8Array(payload);
  throw new UsageError('a payload is a Uint8Array, an ArrayBuffer or a text');
}

/** Only whole numbers within these reach the module, which sees 32 bits of them. */
export function natural(name, value, least, most) {
  if (!Number.isInteger(value) || value < least || value >= most) {
    throw new UsageError(`${name} is a whole number of at least ${least}, not ${value}`);
  }
}
