// The open, proven channel, and what people do over it.

import { parse } from './engine.js';
import { LinkError, PairError, UsageError } from './errors.js';
import { Transfers } from './files.js';

/** Bits of `link_state`. */
const [ACCEPTED, ROOM] = [1, 2];

/** How long an application's own channel may take to open, in milliseconds. */
const OPENING = 10_000;

/** What is between a connection and the module: hands on what comes and goes, and keeps the time. */
class Line {
  /**
   * @param {import('./engine.js').Engine} engine
   * @param {import('./connection.js').Connection} connection
   */
  constructor(engine, connection) {
    this.engine = engine;
    this.connection = connection;
    this.began = performance.now();
    /** What is told of: `text`, `standing`, `files`, `wanted`, `channel`. */
    this.tell = (_name, _detail) => false;
    this.transfers = new Transfers(
      engine.module,
      { send: (message) => this.sendFiles(message) },
      { onOffer: (offer) => this.tell('files', offer), onWaits: () => this.tell('wanted') },
    );
    /** Why it is over, once it is. */
    this.over = undefined;
    this.ended = new Promise((resolve) => (this.settle = resolve));
    /** Who waits for a bit of the state. @type {{bit: number, resolve: Function}[]} */
    this.waiting = [];
    // Who closes the page says goodbye.
    this.goodbye = () => this.act('leave');
    globalThis.addEventListener?.('pagehide', this.goodbye);
    engine.call('link_open', this.now());
    connection.link = this;
    this.work();
  }

  now() {
    return performance.now() - this.began;
  }

  get state() {
    return this.engine.trapping(() => this.engine.exports.link_state());
  }

  /** Has the module do something, and does what follows from it. */
  act(/** @type {string} */ name) {
    this.attempt(() => {
      this.engine.write(new TextEncoder().encode(name));
      this.engine.call('link_act');
    });
  }

  /** A message came. */
  hear(/** @type {Uint8Array} */ message) {
    this.attempt(() => {
      // Longer than any message of a link: of a kind that is not known.
      if (message.length > LONGEST) message = message.subarray(0, LONGEST);
      this.engine.write(message);
      this.engine.call('link_hear', this.now());
    });
  }

  /** The channel is closed. */
  gone() {
    this.act('closed');
  }

  /** The other side opens a channel of its own. True if somebody wants it. */
  channel(/** @type {RTCDataChannel} */ channel) {
    return !this.over && (this.state & ACCEPTED) !== 0 && this.tell('channel', channel) === true;
  }

  /** Waits until there is room, then says it. */
  async say(/** @type {'link_text' | 'link_files'} */ name, /** @type {Uint8Array} */ bytes) {
    await this.until(ROOM);
    if (this.over) throw new LinkError(this.over.words);
    this.engine.write(bytes);
    this.engine.call(name);
    this.work();
  }

  /** Says a message of a file transfer; gives a promise if the next one should wait. */
  sendFiles(/** @type {Uint8Array} */ message) {
    if (!(this.state & ROOM) || this.over) return this.say('link_files', message);
    this.engine.write(message);
    this.engine.call('link_files');
    this.work();
    return this.state & ROOM ? undefined : this.until(ROOM);
  }

  /** A message of a file transfer: the other side may send more once it is done with. */
  hearFiles(/** @type {Uint8Array} */ message) {
    const take = () => this.attempt(() => this.engine.call('link_take', message.length));
    const later = this.transfers.heard(message);
    if (later) later.then(take, take);
    else take();
  }

  /** Waits for that bit, or for the end. */
  async until(/** @type {number} */ bit) {
    while (!this.over && !(this.state & bit)) {
      await new Promise((resolve) => this.waiting.push({ bit, resolve }));
    }
  }

  attempt(act) {
    if (this.over) return;
    try {
      act();
      this.work();
    } catch (error) {
      this.end({ reason: 'engine', words: error?.message ?? String(error) });
    }
  }

  /** Sends what there is to send, tells what there is to tell, and looks when time matters again. */
  work() {
    const { engine, connection } = this;
    for (;;) {
      const message = engine.call('link_message');
      if (message.length === 0) break;
      connection.send(message);
    }
    for (;;) {
      const event = engine.call('link_event');
      if (event.length === 0) break;
      if (event[0] === FILES) this.hearFiles(event.subarray(1));
      else this.happened(parse(event.subarray(1)));
    }
    if (this.over) return;
    const { state } = this;
    const ready = this.waiting.filter(({ bit }) => state & bit);
    if (ready.length) {
      this.waiting = this.waiting.filter(({ bit }) => !(state & bit));
      for (const { resolve } of ready) resolve();
    }
    const due = engine.trapping(() => engine.exports.link_deadline());
    if (due === this.due) return;
    this.due = due;
    clearTimeout(this.timer);
    const tick = () => {
      this.due = undefined;
      this.attempt(() => engine.call('link_tick', this.now()));
    };
    if (due >= 0) this.timer = setTimeout(tick, Math.max(0, Math.ceil(due - this.now())));
  }

  happened({ type, ...rest }) {
    if (type === 'text') this.tell('text', rest.text);
    else if (type === 'standing') this.tell('standing', rest);
    else if (type === 'closed') this.end(rest);
  }

  /** It is over. What was said last still leaves. */
  end(/** @type {{reason: string, words: string}} */ why) {
    if (this.over) return;
    this.over = why;
    clearTimeout(this.timer);
    globalThis.removeEventListener?.('pagehide', this.goodbye);
    for (;;) {
      const message = this.engine.broken ? [] : this.engine.call('link_message');
      if (message.length === 0) break;
      this.connection.send(message);
    }
    this.connection.close(true);
    for (const { resolve } of this.waiting.splice(0)) resolve();
    this.transfers.close(new LinkError(why.words));
    this.settle(why);
  }

  /** Refuses whoever it is. */
  refuse() {
    this.act('refuse');
    this.end({ reason: 'refused', words: 'refused here' });
  }

  /** Says goodbye, and waits until it is over. */
  leave() {
    if (!this.over) {
      this.left = true;
      this.act('leave');
    }
    return this.ended;
  }
}

/** What begins the output of `link_event`. */
const FILES = 1;

/** Bytes of the longest message of a link, and one more. */
const LONGEST = 16_386;

/** Two who have proven themselves to each other, and whose users have not yet accepted each other. */
export class Meeting {
  #line;

  constructor(engine, connection, { words, byCode, way, seconds }) {
    this.#line = new Line(engine, connection);
    /** Four words, the same on both screens if nobody stands between the two. */
    this.words = words;
    /** Whether the other side has the same code. Then there is nothing to compare. */
    this.byCode = byCode;
    /** How the two found each other: `one-sound` or `two-sounds`. */
    this.way = way;
    /** From the first sound, ours or theirs. */
    this.seconds = seconds;
    /** Resolves with `{reason, words}` when the other side has refused, left, or is gone. */
    this.ended = this.#line.ended;
  }

  /**
   * Says that it is the one that was meant, and waits until it says the same of us.
   *
   * @returns {Promise<Link>}
   */
  async accept() {
    const line = this.#line;
    line.act('accept');
    await line.until(ACCEPTED);
    if (line.over) {
      const reason = line.over.reason === 'refused' ? 'refused' : 'peer-gone';
      throw new PairError(reason, line.over.words);
    }
    return new Link(line);
  }

  /** Tells the other side that it is not the one that was meant. */
  refuse() {
    this.#line.refuse();
  }
}

/**
 * A link to somebody who is known. Its events: `text`, whose detail is what the other side says;
 * `standing`, when nothing is heard of it for a while (`{standing: 'interrupted'}`) and when it is
 * there again (`'resumed'`); `files`, whose detail is an offer of files to accept or to refuse;
 * `wanted`, when the other side waits for files; `channel`, a channel that the other side's application
 * opens; `closed`, with `{reason, words}`.
 */
export class Link extends EventTarget {
  #line;
  /** Settled when all that was said before has been sent. */
  #said = Promise.resolve();

  constructor(/** @type {Line} */ line) {
    super();
    this.#line = line;
    line.tell = (name, detail) => {
      // Who wants a channel says so by preventing the default, which is to close it.
      const taken = !this.dispatchEvent(new CustomEvent(name, { detail, cancelable: name === 'channel' }));
      return taken;
    };
    /** Resolves with `{reason, words}` when the link is over. */
    this.closed = line.ended.then((why) => (line.left ? { reason: 'closed', words: 'closed here' } : why));
    this.closed.then((detail) => this.dispatchEvent(new CustomEvent('closed', { detail })));
  }

  /** The connection below, for who knows what to do with it. */
  get peerConnection() {
    return this.#line.connection.pc;
  }

  /** The channel that carries the link: proven, and spoken over in frames of its own. */
  get channel() {
    return this.#line.connection.channel;
  }

  /**
   * Says something to the user of the other side: at most 16,384 bytes of UTF-8.
   *
   * @param {string} text
   */
  say(text) {
    if (typeof text !== 'string') return Promise.reject(new UsageError('what is said is a text'));
    const bytes = new TextEncoder().encode(text);
    const said = this.#said.then(() => this.#line.say('link_text', bytes));
    this.#said = said.catch(() => {});
    return said;
  }

  /**
   * Offers files, and sends those that the other side wants.
   *
   * @param {Iterable<File | {path: string, blob?: Blob, folder?: boolean}>} files
   * @param {{onProgress?: (progress: object) => void, signal?: AbortSignal}} [options]
   * @returns {Promise<object>} how it went
   */
  sendFiles(files, options) {
    return this.#line.transfers.send(files, options);
  }

  /**
   * Opens one more channel over the proven connection, for what an application says itself. The
   * other side must be a page too, which gets it by an event `channel`.
   *
   * @param {string} label
   * @param {RTCDataChannelInit} [options]
   * @returns {Promise<RTCDataChannel>} open
   */
  async openChannel(label, options) {
    if (this.#line.over) throw new LinkError(this.#line.over.words);
    const channel = this.peerConnection.createDataChannel(label, options);
    let timer;
    const opened = new Promise((resolve, reject) => {
      const no = () => reject(new LinkError('the other side does not take the channel'));
      timer = setTimeout(no, OPENING);
      channel.addEventListener('open', resolve);
      channel.addEventListener('close', no);
    });
    try {
      await opened;
      return channel;
    } catch (error) {
      channel.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Says goodbye, waits a moment for all that was said to arrive, and closes. */
  async close() {
    await this.#said;
    await this.#line.leave();
  }
}
