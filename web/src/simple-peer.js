// simple-peer's offer and answer by sound, in place of a signalling server.

import { AirshakeError, UsageError } from './errors.js';
import { listen } from './listen.js';
import { hexOf } from './modem.js';
import { packSignal, tagOf, unpackSignal } from './signal.js';
import { speak } from './speak.js';

/**
 * Connects a peer of simple-peer with one in the same room: says its offer until an answer to it is
 * heard, or waits for an offer and answers it. Call it in the same breath as `new SimplePeer`.
 *
 * Candidates that trickle are said with their description, for each message by sound has a price
 * of its own. What simple-peer signals once it is connected is left to the application.
 *
 * @param {object} peer a new `SimplePeer`; its `initiator` decides who begins
 * @param {object} [options]
 * @param {string} [options.profile] `audible` if not given
 * @param {number} [options.volume] 0 to 1, 1 if not given
 * @param {string} [options.microphone] which, by its `deviceId`
 * @param {string} [options.loudspeaker] which, by its `deviceId`
 * @param {MediaStream} [options.stream] a microphone that is already open
 * @param {AbortSignal} [options.signal] gives up, at once also in the midst of a sound
 * @param {(event: object) => void} [options.onEvent] what is played and heard
 * @param {Function} [options.listen] in place of the microphone, with {@link listen}'s manners
 * @param {Function} [options.speak] in place of the loudspeaker, with {@link speak}'s manners
 * @returns {Promise<void>} when the peer is connected
 */
export async function signalBySound(peer, options = {}) {
  if (typeof peer?.signal !== 'function' || typeof peer.on !== 'function') {
    throw new UsageError('signalBySound takes a new SimplePeer');
  }
  options.signal?.throwIfAborted();
  // Its first signal comes soon: nothing may be awaited before somebody listens for it.
  const conversation = new Conversation(peer, options);
  try {
    await Promise.race([conversation.ended, conversation.hold()]);
  } finally {
    await conversation.close();
  }
}

class Conversation {
  constructor(peer, { signal, onEvent, profile, volume, ...options }) {
    this.peer = peer;
    this.options = options;
    this.voice = { profile, volume, deviceId: options.loudspeaker };
    this.tell = (event) => onEvent?.(event);
    /** Silences what is being said. */
    this.stop = new AbortController();
    /** All that was said, in hex: what of it the own microphone hears is an echo. */
    this.own = new Set();
    /** The offer that is answered, packed. */
    this.question = undefined;
    /** Until when somebody else is speaking, as far as is known: milliseconds of the page's clock. */
    this.busyUntil = 0;
    /** Handlers to take back. */
    this.undo = [];

    this.description = new Promise((resolve) => this.gather(resolve));
    /** The offerer has its answer. */
    this.done = false;
    this.answered = new Promise((resolve) => (this.isAnswered = resolve));
    this.ended = new Promise((resolve, reject) => {
      const refuse = (words, cause) => reject(new AirshakeError(words, { cause }));
      this.on('connect', resolve);
      this.on('error', (cause) => refuse(`the peer did not connect: ${cause.message}`, cause));
      this.on('close', () => refuse('the peer was closed before it was connected'));
      const abort = () => reject(signal.reason);
      signal?.addEventListener('abort', abort);
      this.undo.push(() => signal?.removeEventListener('abort', abort));
    });
    // Whoever waits may have given up before.
    this.ended.catch(() => {});
  }

  on(event, handler) {
    this.peer.on(event, handler);
    this.undo.push(() => this.peer.removeListener(event, handler));
  }

  /** The description with all its candidates: at once, or when no more have come for a while. */
  gather(resolve) {
    let description;
    let timer;
    this.on('signal', (signal) => {
      if (signal.sdp) description = { type: signal.type, sdp: signal.sdp };
      else if (!description || !signal.candidate?.candidate) return;
      else description.sdp += `a=${signal.candidate.candidate}\r\n`;
      clearTimeout(timer);
      timer = setTimeout(() => resolve(description), this.peer.trickle ? SETTLED_MS : 0);
    });
    this.undo.push(() => clearTimeout(timer));
  }

  /** Offers or answers, and goes on with it until it is closed. */
  async hold() {
    const { microphone, stream, listen: ears = listen } = this.options;
    const asked = new Signpost();
    this.listening = await ears(({ payload, snrDb }) => this.hear(payload, snrDb, asked), {
      deviceId: microphone,
      stream,
      onEvent: (event) => this.notice(event),
      onTrouble: (error) => this.tell({ type: 'trouble', error }),
    });
    if (this.stop.signal.aborted) return this.listening.stop();
    const packed = await packSignal(await this.description, { answering: this.question });
    if (this.peer.initiator) await this.offer(packed);
    else await this.answer(packed, asked);
    return this.ended;
  }

  async offer(packed) {
    this.tag = await tagOf(packed);
    for (let pass = 0; !this.done; pass++) {
      await this.say(packed, pass);
      await Promise.race([this.answered, this.pause(between(...REPEAT_MS))]);
      // Somebody is speaking: it may be the answer.
      await this.quiet();
    }
  }

  /** Once for each time that the offer is heard: then the last answer was not. */
  async answer(packed, asked) {
    for (let pass = 0; ; pass++) {
      // Others who heard the offer answer too: not all at once.
      await this.pause(between(0, pass === 0 ? FIRST_ANSWER_MS : NEXT_ANSWER_MS));
      asked.lower();
      await this.say(packed, pass);
      await asked.raised();
    }
  }

  async say(packed, pass) {
    await this.quiet();
    if (this.stop.signal.aborted) return;
    this.own.add(hexOf(packed));
    this.tell({ type: 'playing', bytes: packed.length });
    const { speak: voice = speak } = this.options;
    // Another pass of the same message: together with what was heard of the last one it may do.
    await voice(packed, { ...this.voice, firstPass: pass, signal: this.stop.signal });
  }

  async hear(payload, snrDb, asked) {
    if (this.own.has(hexOf(payload))) return;
    let signal;
    try {
      signal = await unpackSignal(payload);
    } catch {
      // A message, and none for us.
      return;
    }
    this.tell({ type: 'heard', bytes: payload.length, snrDb });
    const { type, sdp, answers } = signal;
    if (this.peer.destroyed) return;
    if (this.peer.initiator) {
      if (type !== 'answer' || answers === undefined || answers !== this.tag || this.done) return;
      this.done = true;
      this.peer.signal({ type, sdp });
      this.isAnswered();
    } else if (type === 'offer') {
      if (this.question === undefined) {
        this.question = payload;
        this.peer.signal({ type, sdp });
      } else if (hexOf(this.question) === hexOf(payload)) {
        asked.raise();
      }
    }
  }

  /** Who speaks, and how long. */
  notice(event) {
    this.tell({ type: 'modem', event });
    if (event.type !== 'header' || !this.listening) return;
    const left = (event.until - this.listening.heard) / this.listening.rate;
    // A burst takes seconds: what says otherwise is damaged.
    const ms = Math.min(Math.max(0, 1000 * left), LONGEST_WAIT_MS);
    this.busyUntil = Math.max(this.busyUntil, performance.now() + ms + BREATH_MS);
  }

  async quiet() {
    for (;;) {
      const left = this.busyUntil - performance.now();
      if (left <= 0 || this.stop.signal.aborted) return;
      await this.pause(left);
    }
  }

  /** Ends early when all ends. */
  pause(ms) {
    const { signal } = this.stop;
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal.addEventListener('abort', wake);
    });
  }

  async close() {
    this.undo.forEach((undo) => undo());
    this.stop.abort();
    await this.listening?.stop().catch(() => {});
  }
}

/** Raised by the one, awaited by the other. */
class Signpost {
  raise() {
    this.up = true;
    this.wake?.();
  }
  lower() {
    this.up = false;
  }
  async raised() {
    if (!this.up) await new Promise((resolve) => (this.wake = resolve));
  }
}

const between = (least, most) => least + (most - least) * Math.random();

/** No further candidate for so long: there are none left, but for slow servers'. */
const SETTLED_MS = 500;
/** Between an offer and its repetition: an answer has two thirds of a second of air time, and the
    sound systems of two computers up to half a second of delay. */
const REPEAT_MS = [2000, 4000];
const FIRST_ANSWER_MS = 100;
const NEXT_ANSWER_MS = 1000;
/** After somebody's last tone. */
const BREATH_MS = 200;
const LONGEST_WAIT_MS = 10_000;
