// Listening: microphone, audio thread, worker, events.

import { AirshakeError, AutoplayError, EngineError, LimitError, LoadError, UsageError } from './errors.js';
import { load } from './engine.js';
import { openMicrophone, processed } from './microphone.js';

/** The rate to ask the browser for: it resamples what comes at another one. */
const RATE = 48000;

/**
 * Seconds of sound that the audio thread takes at once: what it costs is mostly waking it. With the
 * 21 ms of `playback` it took 1.7 % of a processor, with these 0.8 %.
 */
const LATENCY = 0.064;

/**
 * Listens until it is stopped.
 *
 * @param {(message: object) => void} onMessage
 * @param {object} [options]
 * @param {string[]} [options.profiles] all if not given
 * @param {string} [options.deviceId] which microphone
 * @param {MediaStream} [options.stream] sound to listen to in place of a microphone
 * @param {(event: object) => void} [options.onEvent] all events, messages too
 * @param {(peak: number, rms: number) => void} [options.onLevel] largest sample and root mean square
 *   of every 21 ms, full scale 1
 * @param {(error: Error) => void} [options.onTrouble] what went wrong while it goes on
 * @param {AbortSignal} [options.signal] stops it
 * @returns {Promise<Listening>}
 */
export async function listen(onMessage, options = {}) {
  if (typeof onMessage !== 'function') throw new UsageError('who takes the messages? a function');
  const { signal } = options;
  signal?.throwIfAborted();
  const listening = new Listening(onMessage, options);
  try {
    await listening.open(options);
    signal?.throwIfAborted();
  } catch (error) {
    await listening.close();
    throw error;
  }
  signal?.addEventListener('abort', () => listening.stop().catch(() => {}), { once: true });
  return listening;
}

/** What listens. */
class Listening {
  constructor(onMessage, { onEvent, onLevel, onTrouble }) {
    this.tell = { onMessage, onEvent, onLevel, onTrouble };
    /** Samples that the modem took so far. */
    this.heard = 0;
    /** Samples that the audio thread left out in between. */
    this.lost = 0;
    this.waiting = new Map();
    this.stopped = undefined;
  }

  async open({ profiles, deviceId, stream }) {
    const module = await load();
    this.own = stream === undefined;
    this.stream = stream ?? (await openMicrophone(deviceId));
    const track = this.stream.getAudioTracks()[0];
    if (!track) throw new UsageError('the stream has no sound');
    /** What the browser says of the microphone. */
    this.settings = track.getSettings();

    this.context = new AudioContext({ sampleRate: RATE, latencyHint: LATENCY });
    /** Samples a second. */
    this.rate = this.context.sampleRate;
    await this.context.audioWorklet.addModule(new URL('./worklet.js', import.meta.url));
    this.worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    const line = new MessageChannel();
    await new Promise((resolve, reject) => {
      this.waiting.set('opened', resolve);
      this.waiting.set('refused', ({ name, message }) => reject(typed(name, message)));
      this.worker.onerror = (event) =>
        reject(new LoadError(`the worker cannot be loaded: ${event.message ?? 'no reason given'}`));
      this.worker.onmessage = ({ data }) => this.take(data);
      this.worker.postMessage({ type: 'open', module, rate: this.rate, profiles }, [line.port2]);
    });
    this.worker.onerror = (event) => this.trouble(new EngineError(`the worker failed: ${event.message}`));

    this.node = new AudioWorkletNode(this.context, 'airshake-gatherer', {
      numberOfOutputs: 0,
      // More channels are mixed before they get there.
      channelCount: 1,
      channelCountMode: 'explicit',
    });
    this.node.port.postMessage({ line: line.port1 }, [line.port1]);
    this.source = this.context.createMediaStreamSource(this.stream);
    this.source.connect(this.node);
    await running(this.context);
    track.addEventListener('ended', () => this.trouble(new AirshakeError('the microphone is gone')));
    const changed = processed(track);
    if (changed && this.own) this.trouble(changed);
  }

  /** What the worker says. */
  take(data) {
    if (data.type !== 'heard') {
      const waiting = this.waiting.get(data.type);
      this.waiting.delete(data.type);
      waiting?.(data);
      return;
    }
    this.heard = data.heard;
    this.lost = data.lost;
    if (data.error) this.trouble(typed(data.error.name, data.error.message));
    this.tell.onLevel?.(data.peak, data.rms);
    this.say(data.events);
  }

  say(events) {
    for (const event of events) {
      this.tell.onEvent?.(event);
      if (event.type === 'message') this.tell.onMessage(event);
    }
  }

  trouble(error) {
    if (!this.stopped) this.tell.onTrouble?.(error);
  }

  /** Asks the worker; what it says next under that name is the answer. */
  async ask(question, answer) {
    const { error, ...data } = await new Promise((resolve) => {
      this.waiting.set(answer, resolve);
      this.worker.postMessage({ type: question });
    });
    if (error) throw typed(error.name, error.message);
    return data;
  }

  /** What was heard so far, and why it was not more. */
  async report() {
    if (this.stopped) return this.stopped;
    return (await this.ask('report', 'report')).report;
  }

  /** Ends it, gives the microphone back, and says what was heard. */
  stop() {
    this.stopped ??= (async () => {
      this.source?.disconnect();
      try {
        const { events, report } = await this.ask('finish', 'finished');
        this.say(events);
        return report;
      } finally {
        await this.close();
      }
    })();
    return this.stopped;
  }

  async close() {
    this.worker?.terminate();
    this.node?.port.postMessage({});
    if (this.own) this.stream?.getTracks().forEach((track) => track.stop());
    if (this.context && this.context.state !== 'closed') await this.context.close();
  }
}

/** The same error on this side. */
function typed(name, message) {
  const classes = { LimitError, UsageError, LoadError, EngineError };
  return new (classes[name] ?? AirshakeError)(message);
}

/** Waits until a context runs; a page that nobody has touched may not. */
export async function running(/** @type {AudioContext} */ context) {
  const late = new Promise((resolve) => setTimeout(resolve, 2000));
  await Promise.race([context.resume(), late]);
  if (context.state !== 'running') {
    throw new AutoplayError('the browser lets this page use sound only after a click or a key');
  }
}
