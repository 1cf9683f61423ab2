// What the microphone hears, frequency over time, as it goes by.

import { rgb, shade } from './plot.js';

/** Frequencies that are told apart, lowest first, up to TOP_HZ. */
const ROWS = 72;
const TOP_HZ = 21_000;

/** Seconds that are shown, and times a second that are. */
const SHOWN_S = 12;
const RATE = 30;

/** Columns that are drawn alike when some were missed: a third of a second. */
const LATE = 10;

/** How long a picture stands where nothing shall move, in seconds. */
const STILL_S = 2;

/** Room for frequencies to the left, and for who spoke when below, in points. */
const [LEFT, LANE] = [54, 26];

/** So many decibels a second the room may seem to become louder; quieter it becomes at once. */
const RISE = 2;
/** Above the room from which on there is colour, and where it is full. */
const [FIRST_DB, FULL_DB] = [5, 38];

export class Waterfall {
  /** @param {HTMLCanvasElement} canvas @param {HTMLCanvasElement} marks laid over it */
  constructor(canvas, marks) {
    this.canvas = canvas;
    this.overlay = marks;
    this.columns = SHOWN_S * RATE;
    this.marks = [];
    this.still = matchMedia('(prefers-reduced-motion: reduce)');
    this.dark = matchMedia('(prefers-color-scheme: dark)');
    this.onScheme = () => this.scheme();
  }

  /** Begins to draw what this stream gives. @param {MediaStream} stream */
  async start(stream) {
    this.context = new AudioContext({ latencyHint: 'playback' });
    this.analyser = this.context.createAnalyser();
    this.analyser.fftSize = 2048;
    this.analyser.smoothingTimeConstant = 0;
    this.source = this.context.createMediaStreamSource(stream);
    this.source.connect(this.analyser);
    this.levels = new Float32Array(this.analyser.frequencyBinCount);
    this.floors = new Float32Array(ROWS).fill(-200);
    this.column = 0;
    this.drawn = -STILL_S;
    this.begun = performance.now();
    this.marks = [];
    this.image = new ImageData(this.columns, ROWS);
    this.small = new OffscreenCanvas(this.columns, ROWS);
    this.values = new Uint8Array(this.columns * ROWS);
    this.scheme();
    this.dark.addEventListener('change', this.onScheme);
    this.running = true;
    this.context.resume().catch(() => {});
    this.frame();
  }

  /** Ends it; the picture stays. */
  async stop() {
    if (!this.running) return;
    this.running = false;
    this.dark.removeEventListener('change', this.onScheme);
    cancelAnimationFrame(this.request);
    clearTimeout(this.later);
    this.source.disconnect();
    await this.context.close();
  }

  /**
   * Marks what was played or heard. @param {'ours' | 'theirs' | 'maybe'} kind
   * @param {number} seconds how long it is @param {number} ago how long ago it began @param {string} label
   */
  mark(kind, seconds, ago = 0, label = '') {
    const from = (performance.now() - this.begun) / 1000 - ago;
    const mark = { kind, from, to: from + seconds, label };
    this.marks.push(mark);
    if (this.marks.length > 100) this.marks.shift();
    return mark;
  }

  /** What began as a guess is known to be somebody's: so long, and with that label. */
  know(seconds, label) {
    const last = this.last('maybe') ?? this.mark('theirs', 0);
    Object.assign(last, { kind: 'theirs', to: last.from + seconds, label, open: true });
  }

  /** What somebody says has been read. */
  read(label) {
    const last = this.last('theirs');
    // Told without a beginning, it ends now.
    if (last?.open) Object.assign(last, { label, open: false });
    else this.mark('theirs', 0.3, 0.3, label);
  }

  last(kind) {
    return this.marks.findLast((mark) => mark.kind === kind);
  }

  frame() {
    if (!this.running) return;
    const still = this.still.matches;
    if (still) this.later = setTimeout(() => this.frame(), 1000 / RATE);
    else this.request = requestAnimationFrame(() => this.frame());
    const now = (performance.now() - this.begun) / 1000;
    const due = Math.floor(now * RATE);
    if (due <= this.column) return;
    this.listen(Math.min(due - this.column, this.columns));
    this.column = due;
    // A picture that slides is motion: who wants none sees it renewed now and then.
    if (still && now - this.drawn < STILL_S) return;
    this.drawn = now;
    this.draw(now);
  }

  /** Lays what is heard now into the next columns. */
  listen(count) {
    this.analyser.getFloatFrequencyData(this.levels);
    const perBin = this.context.sampleRate / this.analyser.fftSize;
    const settling = this.column < 2 * RATE;
    for (let row = 0; row < ROWS; row++) {
      const first = Math.max(1, Math.round((TOP_HZ * row) / ROWS / perBin));
      const last = Math.min(this.levels.length, Math.max(first + 1, Math.round((TOP_HZ * (row + 1)) / ROWS / perBin)));
      let level = -200;
      for (let bin = first; bin < last; bin++) level = Math.max(level, this.levels[bin]);
      if (!Number.isFinite(level)) level = -200;
      // The first second tells what the room is like.
      const rise = (settling ? 30 : RISE) * (count / RATE);
      this.floors[row] = Math.max(-100, Math.min(level, this.floors[row] <= -200 ? level : this.floors[row] + rise));
      const share = Math.max(0, Math.min(1, (level - this.floors[row] - FIRST_DB) / (FULL_DB - FIRST_DB)));
      const value = Math.round(255 * share);
      for (let i = 1; i <= count; i++) {
        // What sounded while nobody looked is not known.
        const known = count - i < LATE;
        this.values[((this.column + i) % this.columns) * ROWS + row] = known ? value : 0;
      }
    }
  }

  draw(now) {
    const { canvas, overlay } = this;
    const ratio = Math.min(2, devicePixelRatio || 1);
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (width === 0 || height === 0) return;
    for (const each of [canvas, overlay]) {
      if (each.width !== width || each.height !== height) [each.width, each.height] = [width, height];
    }
    const { data } = this.image;
    for (let x = 0; x < this.columns; x++) {
      const from = ((this.column + 1 + x) % this.columns) * ROWS;
      for (let row = 0; row < ROWS; row++) {
        data.set(this.shades[this.values[from + row]], 4 * ((ROWS - 1 - row) * this.columns + x));
      }
    }
    this.small.getContext('2d').putImageData(this.image, 0, 0);
    const pen = canvas.getContext('2d');
    pen.imageSmoothingEnabled = true;
    const [left, bottom] = [LEFT * ratio, height - LANE * ratio];
    pen.clearRect(0, 0, width, height);
    pen.drawImage(this.small, left, 0, width - left, bottom);
    pen.font = `${12 * ratio}px system-ui, sans-serif`;
    pen.fillStyle = this.soft;
    pen.textAlign = 'right';
    pen.textBaseline = 'middle';
    for (const kilo of [3, 9, 15]) pen.fillText(`${kilo} kHz`, left - 7 * ratio, bottom * (1 - (kilo * 1000) / TOP_HZ));
    this.drawMarks(overlay.getContext('2d'), { left, width, height, bottom, ratio }, now);
  }

  /** Below the picture, so that nothing of it is hidden: when who spoke, and what came of it. */
  drawMarks(pen, { left: edge, width, height, bottom, ratio }, now) {
    pen.clearRect(0, 0, width, height);
    pen.font = `${12 * ratio}px system-ui, sans-serif`;
    pen.textBaseline = 'middle';
    const at = (time) => width - ((width - edge) * (now - time)) / SHOWN_S;
    const line = (bottom + height) / 2 + 2 * ratio;
    let free = edge;
    for (const { kind, from, to, label } of this.marks) {
      if (now - to > SHOWN_S) continue;
      pen.fillStyle = kind === 'ours' ? this.ours : this.theirs;
      const [left, right] = [Math.max(edge, at(from)), Math.min(width, at(to))];
      // Ours a thin line, theirs a thick one: not by colour alone.
      const thick = (kind === 'ours' ? 2 : 5) * ratio;
      pen.fillRect(left, bottom, kind === 'maybe' ? 2 * ratio : Math.max(2 * ratio, right - left), thick);
      if (!label) continue;
      const wide = pen.measureText(label).width + 10 * ratio;
      const x = Math.max(edge, Math.min(left, width - wide));
      // None over the one before it.
      if (x < free) continue;
      pen.fillText(label, x, line);
      free = x + wide;
    }
  }

  /** The page's colours, which change with the evening. */
  scheme() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const ramp = [0, 1, 2].map((i) => rgb(colour(`--fall-${i}`)));
    this.shades = Array.from({ length: 256 }, (_, i) => shade(ramp, i / 255));
    [this.ours, this.theirs, this.soft] = ['--ours', '--theirs', '--soft'].map(colour);
  }
}
