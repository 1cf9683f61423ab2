// Files on their way in: offered, accepted, and kept as they come.

import { FilesError, UsageError } from './errors.js';
import { openStore } from './store.js';
import { CANCELLED, DECLINED, DISK_FULL, Transfer, UNWRITABLE } from './transfer.js';

/** Files on their way in, from the offer on. */
export class Incoming extends Transfer {
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
