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

  process([input]) {
    const [left, right] = input;
    // Nothing is connected at the moment.
    if (!left || !this.line) return this.open;
    for (let i = 0; i < left.length; i++) {
      this.block[this.count++] = right ? (left[i] + right[i]) / 2 : left[i];
      if (this.count === BLOCK) {
        // Handed over, not copied; the new one is small and rare enough for this thread.
        const end = currentFrame + i + 1;
        this.line.postMessage({ samples: this.block, end }, [this.block.buffer]);
        this.block = new Float32Array(BLOCK);
        this.count = 0;
      }
    }
    return this.open;
  }
}

/** Samples in a block: 21 ms at 48 kHz. */
const BLOCK = 1024;

registerProcessor('airshake-gatherer', Gatherer);
