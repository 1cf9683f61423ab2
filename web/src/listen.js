// Listening: microphone, audio thread, worker, events.

import { AirshakeError, AutoplayError, EngineError, LimitError, LoadError, MicrophoneError, UsageError } from './errors.js';
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
 * @param {(error: Error) => void} [options.onTrouble] what went wrong while it goes on; nothing more is
 *   heard after one that is `final`
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
    /** Who waits for which answer of the worker, in order. @type {Map<string, {resolve: Function, reject: Function}[]>} */
    this.waiting = new Map();
    this.stopped = undefined;
    /** Why nothing is heard any more, once that is so. @type {Error | undefined} */
    this.deaf = undefined;
  }

  async open({ profiles, deviceId, stream }) {
    const module = await load();
    this.own = stream === undefined;
    this.stream = stream ?? (await openMicrophone(deviceId));
    const track = this.stream.getAudioTracks()[0];
    if (!track) throw new UsageError('the stream has no sound');
    /** What the browser says of the microphone. */
    this.settings = track.getSettings();
    track.addEventListener('ended', () => this.end(gone()));
    track.addEventListener('mute', () => this.trouble(new MicrophoneError('muted', 'the system has muted the microphone')));
    if (track.readyState === 'ended') throw gone();
    this.connect();
    /** Samples a second. */
    this.rate = this.context.sampleRate;
    await this.context.audioWorklet.addModule(new URL('./worklet.js', import.meta.url)).catch((cause) => {
      throw new LoadError(`the part for the audio thread cannot be loaded: ${cause.message}`, { cause });
    });
    this.worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    this.worker.onmessage = ({ data }) => this.take(data);
    const why = ({ message }) => message ?? 'no reason given';
    this.worker.onerror = (event) => this.end(new LoadError(`the worker cannot be loaded: ${why(event)}`));
    const line = new MessageChannel();
    const opened = this.answer('opened');
    this.worker.postMessage({ type: 'open', module, rate: this.rate, profiles }, [line.port2]);
    await opened;
    const failed = (event) => this.end(new EngineError(`the worker failed: ${why(event)}`));
    [this.worker.onerror, this.worker.onmessageerror] = [failed, failed];

    this.node = new AudioWorkletNode(this.context, 'airshake-gatherer', {
      numberOfOutputs: 0,
      // More channels are mixed before they get there.
      channelCount: 1,
      channelCountMode: 'explicit',
    });
    this.node.onprocessorerror = () => this.end(new EngineError('the audio thread stopped gathering sound'));
    this.node.port.postMessage({ line: line.port1 }, [line.port1]);
    this.source.connect(this.node);
    await running(this.context);
    this.context.onstatechange = () => this.paused();
    this.watch = setInterval(() => this.look(), LOOK_MS);
    if (this.deaf) throw this.deaf;
    this.opened = true;
    const changed = processed(track);
    if (changed && this.own) this.trouble(changed);
  }

  /** Leads the microphone to where it can be worked on. */
  connect() {
    try {
      this.context = new AudioContext({ sampleRate: RATE, latencyHint: LATENCY });
      this.source = this.context.createMediaStreamSource(this.stream);
    } catch (error) {
      if (error?.name !== 'NotSupportedError') throw error;
      // Firefox resamples no microphone. The modem takes any rate; that of the sound card is the
      // microphone's too, nearly always.
      this.context?.close();
      this.context = new AudioContext({ latencyHint: LATENCY });
      this.source = this.context.createMediaStreamSource(this.stream);
    }
  }

  /** What the worker says. */
  take(data) {
    if (data.type === 'heard') {
      this.heard = data.heard;
      this.lost = data.lost;
      this.missed = 0;
      if (data.error) this.trouble(typed(data.error));
      this.tell.onLevel?.(data.peak, data.rms);
      this.say(data.events);
    } else if (data.type === 'refused') {
      this.end(typed(data.error));
    } else {
      this.waiting.get(data.type)?.shift()?.resolve(data);
    }
  }

  say(events) {
    for (const event of events) {
      this.tell.onEvent?.(event);
      if (event.type === 'message') this.tell.onMessage(event);
    }
  }

  trouble(error) {
    if (this.opened && !this.stopped && !this.deaf) this.tell.onTrouble?.(error);
  }

  /** Nothing will be heard any more; whoever waits for an answer that will not come is told. */
  end(error) {
    if (this.deaf || this.stopped) return;
    error.final = true;
    this.trouble(error);
    this.deaf = error;
    clearInterval(this.watch);
    // A worker that still answers says what was heard until then.
    if (error instanceof MicrophoneError) return;
    for (const { reject } of [...this.waiting.values()].flat()) reject(error);
    this.waiting.clear();
  }

  /** The browser, or the system, has put the sound to sleep: a call came in, or it thinks it is not used. */
  paused() {
    const { context } = this;
    if (this.stopped || this.deaf || context.state === 'running' || context.state === 'closed') return;
    this.trouble(new AutoplayError('the browser has stopped the sound of this page for a while'));
    context.resume().catch(() => {});
  }

  /** Whether sound still arrives: not everything that breaks says so. */
  look() {
    if (this.context.state !== 'running') return;
    this.missed = (this.missed ?? 0) + 1;
    if (this.missed > MISSED) this.end(new EngineError('no sound arrives any more: the sound system stands still'));
  }

  /** Waits for what the worker says under that name. */
  answer(/** @type {string} */ name) {
    return new Promise((resolve, reject) => {
      if (this.deaf && !(this.deaf instanceof MicrophoneError)) return reject(this.deaf);
      const queue = this.waiting.get(name) ?? [];
      queue.push({ resolve, reject });
      this.waiting.set(name, queue);
    });
  }

  /** Asks the worker; what it says next under that name is the answer. */
  async ask(question, name) {
    const answer = this.answer(name);
    this.worker.postMessage({ type: question });
    const { error, ...data } = await answer;
    if (error) throw typed(error);
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
    clearInterval(this.watch);
    this.worker?.terminate();
    this.node?.port.postMessage({});
    if (this.own) this.stream?.getTracks().forEach((track) => track.stop());
    if (this.context && this.context.state !== 'closed') await this.context.close();
  }
}

/** How often it is looked whether sound arrives, in milliseconds, and how often it may not have. */
const [LOOK_MS, MISSED] = [1000, 5];

function gone() {
  return new MicrophoneError('gone', 'the microphone is gone: it was unplugged, or taken back from this page');
}

/** The same error on this side. */
function typed({ name, message }) {
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
