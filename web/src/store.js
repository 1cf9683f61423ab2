// Where files are kept that arrive: on the disk, in the browser's private folder of this page, or
// where there is none as blobs, which the browser keeps in memory or where it likes.

import { UsageError } from './errors.js';

/** The most that is kept without a disk: half of what a phone gives a page. */
const MOST_IN_MEMORY = 512 * 2 ** 20;

/** Bytes that go to the disk, or become a blob, at once. */
const PIECE = 2 ** 20;

/** Bytes that may be on their way to the disk before the peer has to wait. */
const BEHIND = 4 * PIECE;

/** What a piece costs besides its bytes, so that thousands of small files wait for the disk as well. */
const EACH = PIECE / 64;

/**
 * Files up to so long are kept as blobs, until there are so many bytes of them: to make a file takes
 * some 3 ms, whatever is in it.
 */
const SMALL = PIECE / 16;
const MOST_SMALL = 64 * PIECE;

/** Folders of pages begin with this. A page holds a lock of its folder's name while it lives. */
const PREFIX = 'airshake-';

/**
 * A place for one transfer of so many bytes: `begin` a file, `write`, then `finish` it or `discard`
 * it. What it gave stays when it is closed.
 *
 * @param {number} total
 * @returns {Promise<MemoryStore | DiskStore>} `most` of it is less if that is all that fits
 */
export async function openStore(total) {
  // Private windows have no such folder, and older browsers no way to write there.
  folder ??= ownFolder().catch(() => undefined);
  const own = await folder;
  const store = own && (await DiskStore.open(own, total).catch(() => undefined));
  return store ?? new MemoryStore();
}

/** @type {Promise<FileSystemDirectoryHandle | undefined> | undefined} */
let folder;

/** Of this page, until it is gone; what pages left that are gone is removed. */
async function ownFolder() {
  const root = await globalThis.navigator?.storage?.getDirectory?.();
  const locks = globalThis.navigator?.locks;
  if (!root || !locks || typeof Worker !== 'function') return undefined;
  const name = PREFIX + crypto.randomUUID();
  // Before there is a folder, so that no other page takes it for one that was left.
  await new Promise((resolve, reject) => {
    locks.request(name, () => (resolve(), new Promise(() => {}))).catch(reject);
  });
  const left = [];
  for await (const other of root.keys()) if (other.startsWith(PREFIX)) left.push(other);
  // After the folders were looked up: whoever has one has its lock by now.
  const held = new Set((await locks.query()).held.map((lock) => lock.name));
  for (const other of left) {
    if (!held.has(other)) await root.removeEntry(other, { recursive: true }).catch(() => {});
  }
  return root.getDirectoryHandle(name, { create: true });
}

/** Files of this page are numbered: no name of a peer reaches the disk. */
let files = 0;

/** On the disk, by a worker: only there files can be written where they stand. */
class DiskStore {
  static async open(/** @type {FileSystemDirectoryHandle} */ own, /** @type {number} */ total) {
    const store = new DiskStore(own);
    try {
      // The browser's own estimate is no promise: Chromium tells every page the same figure.
      const name = String(files++);
      ({ most: store.most } = await store.ask({ type: 'open', folder: own.name, name, total }));
    } catch (error) {
      store.close();
      throw error;
    }
    return store;
  }

  constructor(own) {
    this.own = own;
    /** Bytes that fit. */
    this.most = 0;
    this.where = 'into what the browser leaves this page on the disk';
    this.behind = 0;
    /** Bytes in files that are none. */
    this.small = 0;
    /** Pieces that came back and can be filled again: never more than were on their way. */
    this.pieces = [];
    this.answers = new Map();
    this.asked = 0;
    this.open = undefined;
    this.worker = new Worker(new URL('./store-worker.js', import.meta.url), { type: 'module' });
    this.worker.onmessage = ({ data }) => this.take(data);
    this.worker.onerror = (event) => this.fail(new Error(event.message ?? 'the worker failed'));
  }

  begin(path, modified, onError) {
    this.open = { path, modified, onError, name: String(files++), made: false, piece: undefined, filled: 0 };
  }

  write(/** @type {Uint8Array} */ bytes) {
    const { open } = this;
    if (!open) return;
    for (let at = 0; at < bytes.length; ) {
      open.piece ??= this.pieces.pop() ?? new Uint8Array(PIECE);
      const some = bytes.subarray(at, at + PIECE - open.filled);
      open.piece.set(some, open.filled);
      open.filled += some.length;
      at += some.length;
      if (open.filled === PIECE) this.flush(open);
    }
  }

  flush(open) {
    if (!open.made) this.post({ type: 'begin', name: open.name });
    open.made = true;
    if (open.filled === 0) return;
    let bytes = open.piece.subarray(0, open.filled);
    if (open.filled < PIECE) {
      // The rest of a file, or a small one, does not take a whole piece along.
      bytes = bytes.slice();
      this.pieces.push(open.piece);
    }
    this.behind += bytes.length + EACH;
    this.post({ type: 'write', name: open.name, bytes }, [bytes.buffer]);
    [open.piece, open.filled] = [undefined, 0];
  }

  async finish() {
    const { open } = this;
    this.open = undefined;
    if (!open.made && open.filled <= SMALL && this.small + open.filled <= MOST_SMALL) {
      this.small += open.filled;
      const parts = open.piece ? [open.piece.slice(0, open.filled)] : [];
      if (open.piece) this.pieces.push(open.piece);
      return asFile(parts, open);
    }
    this.flush(open);
    await this.ask({ type: 'finish', name: open.name });
    const handle = await this.own.getFileHandle(open.name);
    return asFile([await handle.getFile()], open);
  }

  discard() {
    if (this.open?.made) this.post({ type: 'discard', name: this.open.name });
    this.open = undefined;
  }

  /** Waits while the disk is behind. */
  room() {
    if (this.behind <= BEHIND) return undefined;
    this.waiting ??= later();
    return this.waiting.promise;
  }

  close() {
    this.discard();
    this.closed = true;
    this.post({ type: 'close' });
    this.waiting?.resolve();
  }

  post(message, transfer = []) {
    this.worker.postMessage(message, transfer);
  }

  ask(message) {
    const answer = later();
    const number = this.asked++;
    this.answers.set(number, answer);
    this.post({ ...message, number });
    return answer.promise;
  }

  take({ wrote, piece, number, error, name, most }) {
    if (piece?.byteLength === PIECE) this.pieces.push(new Uint8Array(piece));
    if (wrote !== undefined) this.behind -= wrote + EACH;
    if (this.behind <= BEHIND) {
      this.waiting?.resolve();
      this.waiting = undefined;
    }
    if (number === undefined) {
      if (error && this.open?.name === name) {
        const { onError } = this.open;
        this.open = undefined;
        onError(error);
      }
      return;
    }
    const answer = this.answers.get(number);
    this.answers.delete(number);
    if (error) answer?.reject(error);
    else answer?.resolve({ most });
  }

  /** The worker is gone. */
  fail(error) {
    for (const answer of this.answers.values()) answer.reject(error);
    this.answers.clear();
    this.behind = 0;
    this.take({ error, name: this.open?.name });
  }
}

/** As blobs. */
class MemoryStore {
  constructor() {
    this.most = MOST_IN_MEMORY;
    this.where = 'where this browser has no disk for pages';
    this.open = undefined;
  }

  begin(path, modified) {
    this.open = { path, modified, blobs: [], pieces: [], bytes: 0 };
  }

  write(/** @type {Uint8Array} */ bytes) {
    const { open } = this;
    if (!open) return;
    open.pieces.push(bytes);
    open.bytes += bytes.length;
    if (open.bytes >= PIECE) this.flush(open);
  }

  /** A blob need not be in the page's memory; many small pieces are. */
  flush(open) {
    open.blobs.push(new Blob(open.pieces));
    [open.pieces, open.bytes] = [[], 0];
  }

  async finish() {
    const { open } = this;
    if (!open) throw new UsageError('no file is open');
    this.open = undefined;
    this.flush(open);
    return asFile(open.blobs, open);
  }

  discard() {
    this.open = undefined;
  }

  room() {}

  close() {
    this.discard();
  }
}

/** Of a type that no page shows: what a stranger sends must not run as part of this one. */
function asFile(parts, { path, modified }) {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const options = { type: 'application/octet-stream', lastModified: modified ?? undefined };
  return typeof File === 'function' ? new File(parts, name, options) : new Blob(parts, options);
}

/** A promise, and what settles it. */
function later() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}
