// In the audio thread: gathers what the microphone gives and passes it on. Reading a burst takes
// several milliseconds at once, and this thread has less than three for each call: the modem runs in
// a worker, to which this has a line of its own. Imports nothing, for not every engine can here.

class Gatherer extends AudioWorkletProcessor {
  constructor() {
    super();
    this.block = new Float32Array(BLOCK);
    this.count = 0;
    this.open = true;
    this.port.onmessage = ({ data: { line } }) => {
      this.line = line;
      // No line is the end.
      this.open = line !== undefined;
    };
  }

  process([[mono]]) {
    // Nothing is connected at the moment.
    if (mono === undefined || this.line === undefined) return this.open;
    let taken = 0;
    while (taken < mono.length) {
      const piece = mono.subarray(taken, taken + BLOCK - this.count);
      this.block.set(piece, this.count);
      this.count += piece.length;
      taken += piece.length;
      if (this.count === BLOCK) {
        // Copied: to hand over a buffer and make a new one takes this thread thrice as long.
        this.line.postMessage({ samples: this.block, end: currentFrame + taken });
        this.count = 0;
      }
    }
    return this.open;
  }
}

/** Samples in a block: 21 ms at 48 kHz. */
const BLOCK = 1024;

registerProcessor('airshake-gatherer', Gatherer);
