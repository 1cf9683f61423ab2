// Files over a link: what is sent and what comes, one transfer at a time. What is said and checked
// is the module's business; here blobs are read, and what arrives is kept.
//
//   blobs -slices-> module -messages-> link         link -messages-> module -bytes-> store -> blobs

import { Engine, load, parse } from './engine.js';
import { EngineError, FilesError, LimitError, UsageError } from './errors.js';
import { listOf } from './listing.js';
import { openStore } from './store.js';

/** What is read of a blob at once, in chunks of the module: about 1 MiB, and as much ahead. */
const SLICE = 64;

/** Messages that may wait to be sent before no more are taken in: as the command line has it. */
const MOST_UNSAID = 1000;

/** Time between two reports of progress, in milliseconds. */
const PROGRESS_MS = 50;

/** Letters of JSON that go to the module at once: three bytes each at most, and it takes 128 KiB. */
const LISTED = 32_000;

/** Reasons by their numbers on the wire. */
const CANCELLED = 2;
const DECLINED = 1;
const DISK_FULL = 3;
const CHANGED = 5;
const VANISHED = 6;
const UNREADABLE = 7;
const UNWRITABLE = 8;

/**
 * What carries the messages. `send` takes a message of at most 16,384 bytes, and gives a promise if
 * the next one should wait: for the link's window, or for the channel's buffer.
 *
 * @typedef {{send: (message: Uint8Array) => Promise<void> | void}} Wire
 */

/** The transfers of one link. */
export class Transfers {
  /**
   * @param {Wire} wire
   * @param {{onOffer?: (offer: object) => void, onWaits?: () => void}} [listeners] the peer offers
   *   files, or waits for some
   */
  static async over(wire, listeners = {}) {
    return new Transfers(await load(), wire, listeners);
  }

  /** @param {WebAssembly.Module} module @param {Wire} wire */
  constructor(module, wire, { onOffer, onWaits } = {}) {
    this.module = module;
    this.engine = new Engine(module);
    this.wire = wire;
    this.tell = { onOffer, onWaits };
    this.outbox = new Outbox(wire, (error) => this.close(error));
    /** What goes on: who sends, or who receives. */
    this.current = undefined;
    /** Settled when all that was to be sent before has been. */
    this.queue = Promise.resolve();
    this.number = 0;
    this.closed = undefined;
  }

  /**
   * Offers files to the peer and sends what it wants; after what goes on already.
   *
   * @param {Iterable<File | {path: string, blob?: Blob, folder?: boolean}>} files
   * @param {{onProgress?: (progress: object) => void, signal?: AbortSignal}} [options]
   * @returns {Promise<object>} how it went
   */
  send(files, { onProgress, signal } = {}) {
    const list = listOf(files);
    const sent = this.queue.then(async () => {
      while (this.current && !this.closed && !signal?.aborted) {
        await Promise.race([this.current.over, aborted(signal)]);
      }
      signal?.throwIfAborted();
      if (this.closed) throw this.closed;
      return this.begin(new Outgoing(this, list, onProgress), signal);
    });
    this.queue = sent.then(
      () => {},
      () => {},
    );
    return sent;
  }

  /**
   * Takes a message of the peer. Gives a promise if it counts as taken only later: when the disk has
   * caught up.
   *
   * @param {Uint8Array} message
   * @returns {Promise<void> | undefined}
   */
  heard(message) {
    if (this.closed) return undefined;
    this.act('transfer_hear', message);
    const waiting = [this.current?.room(), this.outbox.length > MOST_UNSAID && this.outbox.idle()];
    const waits = waiting.filter(Boolean);
    return waits.length ? Promise.all(waits).then(() => {}) : undefined;
  }

  /** The link is over: what goes on fails, and so does what is asked for later. */
  close(cause) {
    if (this.closed) return;
    const words = cause?.message ?? 'the link is closed';
    this.closed = cause instanceof FilesError ? cause : new FilesError('closed', words, { cause });
    this.outbox.clear();
    this.settle(this.closed);
  }

  /** Begins, and waits for the end. */
  async begin(transfer, signal) {
    this.current = transfer;
    const abort = () => transfer === this.current && this.act('transfer_end', undefined, CANCELLED);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      transfer.start();
      return await transfer.end;
    } catch (error) {
      if (transfer === this.current) this.settle(error);
      throw signal?.aborted && error.reason === 'cancelled' ? signal.reason : error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Calls the module, and does what it says. Its own end is that of the transfer only. */
  act(name, input, ...numbers) {
    let row;
    try {
      if (input) this.engine.write(input);
      row = this.engine.call(name, ...numbers);
    } catch (error) {
      // Longer than any message: as if it were of a kind that is not known.
      if (error instanceof LimitError && name === 'transfer_hear') return;
      if (!(error instanceof EngineError)) throw error;
      this.engine = new Engine(this.module);
      this.settle(error);
      return;
    }
    const view = new DataView(row.buffer, row.byteOffset, row.byteLength);
    for (let at = 0; at < row.length; ) {
      const kind = row[at];
      const end = at + 5 + view.getUint32(at + 1, true);
      const body = row.subarray(at + 5, end);
      at = end;
      if (kind === 1) this.outbox.push(body);
      else if (kind === 2) this.current?.write(body);
      else this.obey(parse(body));
    }
  }

  /** @param {{type: string}} order */
  obey(order) {
    switch (order.type) {
      case 'listing':
        this.current = new Incoming(this);
        break;
      case 'ask':
        this.current.asked(order, this.listed());
        this.tell.onOffer?.(this.current.offer);
        break;
      case 'waits':
        this.tell.onWaits?.();
        break;
      case 'finished':
        this.settle();
        break;
      case 'failed': {
        const { reason, words, theirs } = order;
        this.settle(new FilesError(reason, `${theirs ? 'the other side gave up' : 'given up'}: ${words}`));
        break;
      }
      default:
        this.current?.obey(order);
    }
  }

  /** All that the peer offers. */
  listed() {
    const all = [];
    for (;;) {
      const some = parse(this.engine.call('transfer_listed', all.length));
      if (some.length === 0) return all;
      for (const entry of some) all.push(entry);
    }
  }

  /** The transfer is over. */
  settle(error) {
    const current = this.current;
    this.current = undefined;
    current?.finish(error);
  }
}

/** What one direction has in common with the other. */
class Transfer {
  constructor(transfers) {
    this.transfers = transfers;
    this.ended = false;
    this.complete = 0;
    this.told = -Infinity;
    this.end = new Promise((resolve, reject) => (this.settlers = { resolve, reject }));
    // Whoever waits for the end hears of it; if nobody does, it is no error of the page.
    this.over = this.end.then(
      () => {},
      () => {},
    );
  }

  /** Tells how far it is, some twenty times a second. */
  progress(path, last = false) {
    const now = performance.now();
    if (!this.onProgress || (!last && now - this.told < PROGRESS_MS)) return;
    this.told = now;
    const { total, count: of, complete: files } = this;
    const bytes = last ? total : Math.min(total, this.transfers.engine.exports.transfer_done());
    this.onProgress({ bytes, total, files, of, path });
  }
}

/** Files on their way out. */
class Outgoing extends Transfer {
  constructor(transfers, list, onProgress) {
    super(transfers);
    this.list = list;
    this.onProgress = onProgress;
    this.count = list.filter(({ folder }) => !folder).length;
    this.total = list.reduce((sum, { size = 0 }) => sum + size, 0);
    this.lost = [];
    /** What the module wants to have read. */
    this.job = undefined;
    this.begun = undefined;
  }

  start() {
    const { transfers, list } = this;
    const say = (some) => transfers.act('transfer_list', new TextEncoder().encode(`[${some}]`));
    say([]);
    let some = [];
    let letters = 0;
    for (const { path, size, modified, folder } of list) {
      const entry = JSON.stringify({ path, size, modified, folder });
      if (letters + entry.length > LISTED) {
        if (some.length > 0) say(some);
        [some, letters] = [[], 0];
      }
      some.push(entry);
      letters += entry.length + 1;
    }
    if (some.length > 0) say(some);
    transfers.number = (transfers.number + 1) >>> 0;
    transfers.act('transfer_send', undefined, transfers.number);
  }

  obey({ type, index, from, until, reason, words }) {
    switch (type) {
      case 'accepted':
        this.begun = performance.now();
        break;
      case 'read':
        this.job = { index, from, until };
        this.go();
        break;
      case 'all-read':
        this.job = undefined;
        break;
      case 'landed':
        this.complete++;
        break;
      case 'lost':
        this.lost.push({ path: this.list[index].path, reason, words });
        break;
    }
  }

  /** Reads what is wanted, one job after the other. */
  async go() {
    if (this.going) return;
    this.going = true;
    try {
      while (this.job && !this.ended) await this.read(this.job);
    } catch (error) {
      this.transfers.settle(error);
    } finally {
      this.going = false;
    }
  }

  async read(job) {
    const { transfers } = this;
    const { index, until } = job;
    const { path, blob } = this.list[index];
    const chunk = transfers.engine.exports.transfer_chunk();
    const slice = (from) => blob.slice(from, Math.min(until, from + SLICE * chunk)).arrayBuffer();
    const stands = () => this.job === job && !this.ended;
    const missing = (reason) => transfers.act('transfer_missing', undefined, index, reason);
    let next = slice(job.from);
    for (let at = job.from; at < until; ) {
      let bytes;
      try {
        bytes = new Uint8Array(await next);
      } catch (error) {
        if (stands()) missing(error.name === 'NotFoundError' ? VANISHED : UNREADABLE);
        return;
      }
      if (!stands()) return;
      const wanted = Math.min(until - at, SLICE * chunk);
      if (bytes.length !== wanted) return missing(CHANGED);
      at += wanted;
      if (at < until) {
        next = slice(at);
        // It is looked at when its turn comes, perhaps never.
        next.catch(() => {});
      }
      for (let from = 0; from < bytes.length; from += chunk) {
        transfers.act('transfer_data', bytes.subarray(from, from + chunk), index);
        this.progress(path);
        await transfers.outbox.idle();
        if (!stands()) return;
      }
    }
  }

  /** A sender takes in only short answers. */
  room() {}

  write() {}

  finish(error) {
    this.ended = true;
    if (error) return this.settlers.reject(error);
    this.progress(undefined, true);
    const seconds = (performance.now() - (this.begun ?? performance.now())) / 1000;
    this.settlers.resolve({ files: this.complete, bytes: this.total, lost: this.lost, seconds });
  }
}

/** Files on their way in, from the offer on. */
class Incoming extends Transfer {
  constructor(transfers) {
    super(transfers);
    this.listed = [];
    this.results = new Map();
    this.store = undefined;
    this.open = undefined;
    this.answered = false;
  }

  /** All of it is listed, and the user may look. */
  asked({ id, bytes }, listed) {
    this.listed = named(listed);
    this.total = bytes;
    const files = this.listed.filter(({ folder }) => !folder);
    this.count = files.length;
    this.offer = {
      id,
      files: files.map(({ path, size }) => ({ path, size })),
      total: bytes,
      accept: (options) => this.accept(options),
      refuse: () => this.refuse(),
      /** Settled when the offer does not stand any more: with why, if it came to nothing. */
      withdrawn: this.end.then(
        () => undefined,
        (error) => error,
      ),
    };
  }

  async accept({ onProgress, signal } = {}) {
    this.answer();
    this.onProgress = onProgress;
    const { transfers, total } = this;
    const abort = () => this.stands() && transfers.act('transfer_end', undefined, CANCELLED);
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) abort();
    try {
      const store = await openStore(total);
      if (!this.stands()) {
        // Withdrawn meanwhile.
        store.close();
        return await this.end;
      }
      if (total > store.most) {
        store.close();
        transfers.act('transfer_end', undefined, DISK_FULL);
        throw new FilesError('too-large', `${size(total)} are offered, and ${size(store.most)} fit ${store.where}`);
      }
      this.store = store;
      transfers.act('transfer_accept');
      return await this.end;
    } catch (error) {
      throw signal?.aborted && error.reason === 'cancelled' ? signal.reason : error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  async refuse() {
    this.answer();
    this.transfers.act('transfer_end', undefined, DECLINED);
    await this.transfers.outbox.idle();
  }

  answer() {
    if (this.answered) throw new UsageError('this offer has been answered');
    this.answered = true;
  }

  stands() {
    return this.transfers.current === this;
  }

  obey({ type, index, reason, words }) {
    const { path, size, modified } = this.listed[index] ?? {};
    switch (type) {
      case 'open':
        this.open = index;
        this.store.begin(path, modified, (error) => this.unwritable(index, error));
        break;
      case 'close':
        this.keep(index, this.store.finish());
        break;
      case 'discard':
        this.store.discard();
        break;
      case 'lost':
        this.results.set(index, { path, size, ok: false, reason, words });
        break;
    }
  }

  write(/** @type {Uint8Array} */ bytes) {
    this.store.write(bytes);
    this.progress(this.listed[this.open]?.path);
  }

  /** The disk may be behind. */
  room() {
    return this.store?.room();
  }

  async keep(index, finishing) {
    try {
      const blob = await finishing;
      if (!this.stands()) return;
      const { path, size } = this.listed[index];
      this.results.set(index, { path, size, ok: true, blob });
      this.complete++;
      this.transfers.act('transfer_stored', undefined, index);
    } catch (error) {
      this.unwritable(index, error);
    }
  }

  unwritable(index, error) {
    if (!this.stands() || this.results.has(index)) return;
    this.full = error?.name === 'QuotaExceededError';
    this.transfers.act('transfer_lost', undefined, index, this.full ? DISK_FULL : UNWRITABLE);
  }

  finish(error) {
    this.ended = true;
    this.store?.close();
    const results = [...this.results].sort(([a], [b]) => a - b).map(([, result]) => result);
    if (error) {
      if (this.full) {
        const stored = results.reduce((sum, { ok, size }) => sum + (ok ? size : 0), 0);
        const words = `the disk is full: ${size(stored)} of ${size(this.total)} are stored`;
        error = new FilesError('disk-full', words, { cause: error });
      }
      error.files = results.filter(({ ok }) => ok);
      return this.settlers.reject(error);
    }
    this.progress(undefined, true);
    this.settlers.resolve(results);
  }
}

/** Messages on their way to the link, in their order. */
class Outbox {
  constructor(wire, onError) {
    this.wire = wire;
    this.onError = onError;
    this.clear();
  }

  get length() {
    return this.messages.length - this.sent;
  }

  clear() {
    /** @type {Uint8Array[]} */
    this.messages = [];
    this.sent = 0;
    this.waiting?.resolve();
    this.waiting = undefined;
  }

  push(/** @type {Uint8Array} */ message) {
    this.messages.push(message);
    if (!this.busy) this.pump();
  }

  async pump() {
    this.busy = true;
    try {
      while (this.length > 0) {
        const wait = this.wire.send(this.messages[this.sent++]);
        if (wait) await wait;
      }
    } catch (error) {
      this.onError(error);
    } finally {
      this.busy = false;
      this.clear();
    }
  }

  /** Waits until all is sent; not at all if it is. @returns {Promise<void> | undefined} */
  idle() {
    if (!this.busy) return undefined;
    if (!this.waiting) {
      let resolve;
      const promise = new Promise((settle) => (resolve = settle));
      this.waiting = { promise, resolve };
    }
    return this.waiting.promise;
  }
}

/** Settled when the signal says so. */
const aborted = (/** @type {AbortSignal | undefined} */ signal) =>
  new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }));

/** Entries whose paths all differ: what was taken out of them may have made two alike. */
function named(listed) {
  const taken = new Set();
  /** With which number to go on: a stranger may give one name to very many. */
  const numbers = new Map();
  for (const entry of listed) {
    const { path } = entry;
    const [, stem, ending] = /^(.*?)((?:\.[^./]*)?)$/s.exec(path);
    let number = numbers.get(path) ?? 1;
    while (taken.has(entry.path)) entry.path = `${stem} (${number++})${ending}`;
    numbers.set(path, number);
    taken.add(entry.path);
  }
  return listed;
}

/** Bytes for people, as the command line writes them. */
function size(bytes) {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
  let unit = 0;
  for (; bytes >= 999.5 && unit < units.length - 1; unit++) bytes /= 1000;
  return `${unit === 0 ? bytes : bytes.toPrecision(3)} ${units[unit]}`;
}
