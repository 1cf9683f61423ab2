// One transfer of files, whichever way they go: how far it is, and how it ends.

/** Reasons by their numbers on the wire. */
export const DECLINED = 1;
export const CANCELLED = 2;
export const DISK_FULL = 3;
export const CHANGED = 5;
export const VANISHED = 6;
export const UNREADABLE = 7;
export const UNWRITABLE = 8;

/** Time between two reports of progress, in milliseconds. */
const PROGRESS_MS = 50;

/** What one direction has in common with the other. */
export class Transfer {
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
