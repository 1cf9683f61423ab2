// Messages that wait for the link to take them.

/** Messages on their way to the link, in their order. */
export class Outbox {
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
