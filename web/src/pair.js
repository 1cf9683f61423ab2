// Pairing: sound, WebRTC and time for the module, which knows what to do with them.

import { Connection } from './connection.js';
import { Engine, load, parse } from './engine.js';
import { AirshakeError, PairError, UsageError } from './errors.js';
import { Meeting } from './link.js';
import { listen } from './listen.js';
import { openMicrophone, processed } from './microphone.js';
import { burst, hexOf, unhex } from './modem.js';
import { RATE, Voice } from './voice.js';

/** Seconds from when a header has sounded until it is read: its preamble is noticed first. */
const TO_NOTICE = 0.05;

/** Own envelopes that are known again. */
const REMEMBERED = 32;

/**
 * Finds a peer by sound, who must be doing the same, and opens a channel to it by WebRTC. In a page,
 * after a click.
 *
 * @param {object} [options]
 * @param {'both' | 'one-sound' | 'two-sounds'} [options.ways]
 * @param {string} [options.code] what both users were told, if anything
 * @param {string} [options.profile] the only one to speak and to understand; if not given, offers
 *   are made in `audible`, and answered in their own
 * @param {number} [options.volume] 0 to 1, 0.8 if not given
 * @param {string} [options.microphone] its id
 * @param {string} [options.loudspeaker] its id
 * @param {MediaStream} [options.stream] sound to listen to in place of a microphone
 * @param {RTCConfiguration} [options.rtc] servers, if any
 * @param {AbortSignal} [options.signal] ends it
 * @param {boolean} [options.leaveWhenBusy] not to wait for another if who is heard pairs with
 *   somebody else
 * @param {(event: object) => void} [options.onEvent] what happens meanwhile
 * @returns {Promise<Meeting>}
 */
export function pair(options = {}) {
  return new Promise((resolve, reject) => new Pairing(options, resolve, reject).begin());
}

class Pairing {
  constructor(options, resolve, reject) {
    const { volume = 0.8, signal, onEvent } = options;
    if (!(volume >= 0 && volume <= 1)) throw new UsageError(`volume is 0 to 1, not ${volume}`);
    if (onEvent !== undefined && typeof onEvent !== 'function') throw new UsageError('who takes the events? a function');
    this.options = options;
    this.resolve = resolve;
    this.reject = reject;
    this.signal = signal;
    this.over = false;
    /** What is still to be told, while something else is. */
    this.queue = [];
    this.busy = false;
    /** By the number of their attempt. @type {Map<number, Connection>} */
    this.connections = new Map();
    this.said = [];
    this.onAbort = () => (this.ready ? this.tell({ told: 'cancel' }) : this.end(cancelled(signal)));
  }

  async begin() {
    try {
      if (this.signal?.aborted) throw cancelled(this.signal);
      if (!globalThis.RTCPeerConnection) throw new PairError('webrtc', 'this browser has no WebRTC');
      this.signal?.addEventListener('abort', this.onAbort);
      await this.open();
    } catch (error) {
      this.end(error);
    }
  }

  async open() {
    const { volume = 0.8, profile, microphone, loudspeaker, stream, ways, code, leaveWhenBusy } = this.options;
    this.voice = new Voice(volume);
    this.engine = new Engine(await load());
    const profiles = parse(this.engine.call('profiles'));
    this.profiles = profiles.map(({ name }) => name);
    /** Within so many seconds of a carrier it is known to be something, or was nothing. */
    this.toHeader = TO_NOTICE + Math.max(...profiles.map(({ secondsToHeader }) => secondsToHeader));
    /** The number of the profile to speak in. */
    this.language = profile === undefined ? 0 : this.profiles.indexOf(profile);
    if (this.language < 0) throw new UsageError(`no profile is named ${profile}: ${this.profiles.join(', ')}`);
    const seed = hexOf(crypto.getRandomValues(new Uint8Array(8)));
    // The module lowers only what is ASCII: the tables of all alphabets are the engine's.
    const lowered = typeof code === 'string' ? code.toLowerCase() : code;
    const wish = JSON.stringify({ ways, code: lowered, leaveWhenBusy: leaveWhenBusy === true, seed });
    this.engine.write(new TextEncoder().encode(wish));
    this.engine.call('pairing_open');

    // The microphone comes before the first connection: who may hear is shown its own addresses.
    const heard = stream ?? (await this.keep(openMicrophone(microphone), stop));
    if (!stream) this.microphone = heard;
    await this.keep(this.voice.open(loudspeaker));
    this.listening = await this.keep(
      listen(() => {}, {
        stream: heard,
        profiles: profile === undefined ? undefined : [profile],
        onEvent: (event) => this.hear(event),
        onLevel: (peak, rms) => {
          this.emit({ type: 'level', peak, rms });
          // Timers of a page in the background are late, this is not.
          if (performance.now() >= this.due) this.tell({ told: 'tick' });
        },
        onTrouble: (error) => (error.final ? this.end(error) : this.trouble(error)),
      }),
      (listening) => listening.stop(),
    );
    const { settings, rate } = this.listening;
    this.emit({ type: 'listening', settings, rate, report: () => this.listening.report().catch(() => {}) });
    const changed = heard.getAudioTracks().map(processed).find(Boolean);
    if (changed) this.trouble(changed);
    this.ready = true;
    this.tell({ told: 'start' });
  }

  /** Waits for something; if all is over by then, lets go of it. */
  async keep(promise, release) {
    const thing = await promise;
    if (this.over) {
      await release?.(thing);
      throw cancelled(this.signal);
    }
    return thing;
  }

  /** Tells the module, and does what it asks for, until it asks for nothing more. */
  tell(told, bytes = new Uint8Array()) {
    this.queue.push([told, bytes]);
    if (this.busy || this.over) return;
    this.busy = true;
    try {
      while (this.queue.length && !this.over) {
        const [told, bytes] = this.queue.shift();
        const json = new TextEncoder().encode(JSON.stringify(told));
        this.engine.write(json, bytes);
        const commands = parse(this.engine.call('pairing_tell', performance.now(), json.length)) ?? [];
        for (const command of commands) this.obey(command);
      }
      this.schedule();
    } catch (error) {
      this.end(error);
    } finally {
      this.busy = false;
    }
  }

  schedule() {
    clearTimeout(this.timer);
    if (this.over) return;
    const due = this.engine.trapping(() => this.engine.exports.pairing_deadline());
    this.due = due < 0 ? Infinity : due;
    if (due < 0) return;
    this.timer = setTimeout(() => this.tell({ told: 'tick' }), Math.max(0, Math.ceil(due - performance.now())));
  }

  obey(command) {
    const { attempt } = command;
    const connection = this.connections.get(attempt);
    switch (command.do) {
      case 'offer':
      case 'answer':
        return this.connect(attempt, command.sdp);
      case 'accept':
        return connection?.accept(command.type, command.sdp);
      case 'send':
        return connection?.send(unhex(command.bytes));
      case 'close':
        this.connections.delete(attempt);
        return connection?.close(command.gently);
      case 'say':
        return this.say(unhex(command.bytes), command.pass);
      case 'hush':
        return this.voice.hush();
      case 'note': {
        const { note, words, advice } = command;
        return this.emit({ type: 'note', note, ...(words && { words, advice }) });
      }
      case 'trouble':
        return this.trouble(new AirshakeError(command.words));
      case 'met':
        return this.met(command);
      case 'end':
        return this.end(new PairError(command.reason, command.words, { advice: command.advice ?? undefined }));
    }
  }

  connect(attempt, offer) {
    const tell = (told, bytes) => this.tell({ ...told, attempt }, bytes);
    try {
      const connection = new Connection(this.options.rtc, tell);
      this.connections.set(attempt, connection);
      connection.describe(offer);
    } catch (error) {
      tell({ told: 'failed', words: `the browser refuses to connect: ${error?.message ?? error}` });
    }
  }

  say(envelope, pass) {
    this.engine.write(envelope);
    this.engine.call('voice_open', this.language, RATE, pass);
    const samples = burst(this.engine);
    const seconds = samples.length / RATE;
    this.said.push(hexOf(envelope));
    if (this.said.length > REMEMBERED) this.said.shift();
    this.first ??= performance.now();
    this.voice.say(samples, () => this.tell({ told: 'finished' }));
    this.tell({ told: 'started', seconds });
    this.emit({ type: 'playing', bytes: envelope.length, airSeconds: seconds });
  }

  /** Something that the modem noticed. */
  hear(event) {
    if (this.over || !this.ready) return;
    this.emit({ type: 'modem', event });
    switch (event.type) {
      case 'carrier':
        return this.tell({ told: 'carrier', seconds: this.toHeader });
      case 'header': {
        const { heard, rate } = this.listening;
        return this.tell({ told: 'carrier', seconds: Math.max(0, event.until - heard) / rate });
      }
      case 'message':
        // Who sent it surely listens for its own profile.
        this.language = Math.max(0, this.profiles.indexOf(event.profile));
        if (!this.said.includes(hexOf(event.payload))) {
          this.first ??= performance.now();
          this.emit({ type: 'heard', bytes: event.payload.length, snrDb: event.snrDb });
        }
        return this.tell({ told: 'heard' }, event.payload);
      case 'kept':
        return this.tell({ told: 'garbled' });
      case 'lost':
        // Each of its passes was told when it came; that their sum is given up is old news.
        return event.reason.type === 'unreadable' || this.tell({ told: 'garbled' });
    }
  }

  met({ attempt, way, words, byCode }) {
    const connection = this.connections.get(attempt);
    this.connections.delete(attempt);
    const seconds = (performance.now() - (this.first ?? performance.now())) / 1000;
    const meeting = new Meeting(this.engine, connection, { words, byCode, way, seconds });
    this.emit({ type: 'connected', way, seconds });
    this.release();
    this.resolve(meeting);
  }

  async end(error) {
    if (this.over) return;
    const heard = this.release();
    // Who found nobody wants to know what was heard instead.
    if (error instanceof PairError) error.report = await heard;
    this.reject(error);
  }

  /** Lets go of everything that is held. Gives what was heard, if anything was listened to. */
  release() {
    this.over = true;
    clearTimeout(this.timer);
    this.signal?.removeEventListener('abort', this.onAbort);
    for (const connection of this.connections.values()) connection.close(true);
    this.connections.clear();
    this.voice?.close().catch(() => {});
    const heard = this.listening?.stop().catch(() => {});
    if (this.microphone) stop(this.microphone);
    return heard;
  }

  trouble(error) {
    this.emit({ type: 'trouble', error });
  }

  emit(event) {
    if (this.over && event.type !== 'connected') return;
    try {
      this.options.onEvent?.(event);
    } catch (error) {
      // Somebody else's error must not end what goes well here; it is told all the same.
      globalThis.reportError ? reportError(error) : console.error(error);
    }
  }
}

function cancelled(signal) {
  return new PairError('cancelled', 'cancelled', { cause: signal?.reason });
}

function stop(/** @type {MediaStream} */ stream) {
  for (const track of stream.getTracks()) track.stop();
}
