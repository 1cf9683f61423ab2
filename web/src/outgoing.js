// Files on their way out: listed for the module, and read as it wants them.

import { CHANGED, Transfer, UNREADABLE, VANISHED } from './transfer.js';

/** What is read of a blob at once, in chunks of the module: about 1 MiB, and as much ahead. */
const SLICE = 64;

/** Letters of JSON that go to the module at once: three bytes each at most, and it takes 128 KiB. */
const LISTED = 32_000;

/** Files on their way out. */
export class Outgoing extends Transfer {
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
