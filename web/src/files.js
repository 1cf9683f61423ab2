// Files over a link: what is sent and what comes, one transfer at a time. What is said and checked
// is the module's business; here blobs are read, and what arrives is kept.
//
//   blobs -outgoing-> module -outbox-> link         link -> module -incoming-> store -> blobs

import { Engine, load, parse } from './engine.js';
import { EngineError, FilesError, LimitError } from './errors.js';
import { Incoming } from './incoming.js';
import { listOf } from './listing.js';
import { Outbox } from './outbox.js';
import { Outgoing } from './outgoing.js';
import { CANCELLED } from './transfer.js';

/** Messages that may wait to be sent before no more are taken in: as the command line has it. */
const MOST_UNSAID = 1000;

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

/** Settled when the signal says so. */
const aborted = (/** @type {AbortSignal | undefined} */ signal) =>
  new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }));
