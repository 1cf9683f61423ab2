// Samples to a picture of them: pure numbers, no page.

/** A Fourier transform of `size` points, a power of two, in place. */
export class Transform {
  constructor(size) {
    if (size < 2 || (size & (size - 1)) !== 0) throw new RangeError(`${size} is no power of two`);
    this.size = size;
    this.cos = Float64Array.from({ length: size / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / size));
    this.sin = Float64Array.from({ length: size / 2 }, (_, i) => -Math.sin((2 * Math.PI * i) / size));
    this.reversed = new Uint32Array(size);
    for (let i = 0; i < size; i++) this.reversed[i] = (this.reversed[i >> 1] >> 1) | (i & 1 ? size >> 1 : 0);
  }

  /** @param {Float64Array} re @param {Float64Array} im */
  run(re, im) {
    const { size, cos, sin, reversed } = this;
    for (let i = 0; i < size; i++) {
      const j = reversed[i];
      if (j > i) {
        [re[i], re[j]] = [re[j], re[i]];
        [im[i], im[j]] = [im[j], im[i]];
      }
    }
    for (let half = 1; half < size; half *= 2) {
      const step = size / (2 * half);
      for (let from = 0; from < size; from += 2 * half) {
        for (let k = 0; k < half; k++) {
          const [c, s] = [cos[k * step], sin[k * step]];
          const [a, b] = [from + k, from + k + half];
          const [r, i] = [re[b] * c - im[b] * s, re[b] * s + im[b] * c];
          re[b] = re[a] - r;
          im[b] = im[a] - i;
          re[a] += r;
          im[a] += i;
        }
      }
    }
  }
}

/**
 * Levels over time and frequency: `columns` times of equal length, each with `rows` frequencies from
 * 0 up to `top` hertz, lowest first. Each is the loudest there was, in decibels below a tone of full
 * scale, as a byte: 0 for FLOOR_DB and less, 255 for 0.
 *
 * @param {Float32Array} samples @param {number} rate
 * @param {{columns: number, rows: number, top: number, onProgress?: (share: number) => void}} wish
 */
export function picture(samples, rate, { columns, rows, top, onProgress }) {
  const size = windowFor(rate);
  const cells = new Uint8Array(columns * rows);
  const transform = new Transform(size);
  const window = Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / size));
  const [re, im] = [new Float64Array(size), new Float64Array(size)];
  const powers = new Float64Array(rows);
  const perBin = rate / size / (top / rows);
  const length = samples.length / columns;
  // Every sample is in the middle of some window; in a short column there is one.
  const frames = Math.max(1, Math.ceil(length / (size / 2)));
  const middle = (column, frame) => Math.round(length * (column + (frame + 0.5) / frames));
  for (let column = 0; column < columns; column++) {
    powers.fill(0);
    // Two windows at once: the one becomes the real part, the other the imaginary one.
    for (let frame = 0; frame < frames; frame += 2) {
      const first = middle(column, frame) - size / 2;
      const second = middle(column, Math.min(frame + 1, frames - 1)) - size / 2;
      for (let i = 0; i < size; i++) {
        re[i] = windowed(samples, first + i, window[i]);
        im[i] = windowed(samples, second + i, window[i]);
      }
      transform.run(re, im);
      for (let bin = 1; bin < size / 2; bin++) {
        const row = Math.floor(bin * perBin);
        if (row >= rows) break;
        const other = size - bin;
        const [er, ei] = [(re[bin] + re[other]) / 2, (im[bin] - im[other]) / 2];
        const [or, oi] = [(im[bin] + im[other]) / 2, (re[other] - re[bin]) / 2];
        powers[row] = Math.max(powers[row], er * er + ei * ei, or * or + oi * oi);
      }
    }
    // A tone of full scale has half of the window's sum, which is half of its length.
    for (let row = 0; row < rows; row++) cells[column * rows + row] = byteOf(powers[row] / (size / 4) ** 2);
    if (column % 16 === 0) onProgress?.(column / columns);
  }
  return cells;
}

/** The power of two next to 21 ms: tones 47 Hz apart are told apart. */
function windowFor(rate) {
  return 2 ** Math.max(6, Math.min(12, Math.round(Math.log2(rate * 0.0213))));
}

function windowed(samples, at, weight) {
  const value = at >= 0 && at < samples.length ? samples[at] : 0;
  return Number.isFinite(value) ? value * weight : 0;
}

/** What is quieter than this, in decibels below a full-scale tone, is black. */
export const FLOOR_DB = -110;

function byteOf(power) {
  const level = 10 * Math.log10(power + 1e-30);
  return Math.max(0, Math.min(255, Math.round(255 * (1 - level / FLOOR_DB))));
}

/**
 * What is to be dark and what bright: from the room, or 60 dB below the loudest if it is quieter, to
 * the loudest. At least 30 dB, or noise alone would look like something. @param {Uint8Array} cells
 */
export function range(cells) {
  const counts = new Uint32Array(256);
  for (const cell of cells) counts[cell] += 1;
  const below = (share) => {
    let [sum, value] = [0, 0];
    while (value < 255 && sum + counts[value] < share * cells.length) sum += counts[value++];
    return value;
  };
  const decibels = (number) => Math.round((255 * number) / -FLOOR_DB);
  const high = below(0.995);
  const low = Math.max(high - decibels(60), Math.min(below(0.2), high - decibels(30)));
  return { low, high };
}
