// A picture of a sound: frequency over time, and what became of each burst in it.

import { make } from './dom.js';
import { range } from './spectrum.js';
import { count, seconds } from './text.js';

/**
 * @param {{cells: Uint8Array, columns: number, rows: number, top: number}} picture
 * @param {object[]} events of the modem @param {{rate: number, length: number, title: string}} sound
 */
export function draw(picture, events, { rate, length, title }) {
  const bursts = burstsOf(events, rate);
  const canvas = make('canvas', {
    role: 'img',
    'aria-label': `The sound, frequency over time: ${seconds(length / rate)}. ${title}. ${told(bursts)}`,
  });
  const repaint = () => canvas.clientWidth > 0 && paint(canvas, picture, bursts, length / rate);
  // In the page's size and colours, which change; for as long as it is shown.
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  const change = () => (canvas.isConnected ? repaint() : scheme.removeEventListener('change', change));
  scheme.addEventListener('change', change);
  new ResizeObserver(repaint).observe(canvas);
  const caption = make('figcaption', null, make('span', null, `0 to ${(picture.top / 1000).toFixed(0)} kHz, ${seconds(length / rate)}`));
  for (const fate of Object.keys(FATES)) {
    const some = bursts.filter((burst) => burst.fate === fate).length;
    if (some > 0) caption.append(make('span', null, `${count(some, 'burst')} ${FATES[fate].words} (${FATES[fate].line})`));
  }
  return make('figure', { class: 'plot' }, canvas, caption);
}

/** What stands in the sound from when to when, in seconds, and what became of it. */
export function burstsOf(events, rate) {
  const bursts = new Map();
  for (const event of events) {
    const from = event.at / rate;
    switch (event.type) {
      case 'header':
        bursts.set(event.at, { from, to: event.until / rate, fate: 'lost' });
        break;
      case 'message': {
        // Of several passes the first; those after it have headers of their own.
        const last = [...bursts.values()].filter((burst) => burst.from >= from - 1e-3 && burst.to <= event.end / rate + 0.05);
        for (const burst of last) burst.fate = 'read';
        if (last.length === 0) bursts.set(event.at, { from, to: event.end / rate, fate: 'read' });
        break;
      }
      case 'kept':
      case 'segment':
        if (bursts.has(event.at)) bursts.get(event.at).fate = event.type === 'kept' ? 'kept' : 'read';
        break;
      case 'unread':
        // Noise does this now and then.
        if (event.sigmas >= SURE && !bursts.has(event.at)) bursts.set(event.at, { from, to: from + 0.2, fate: 'lost' });
        break;
    }
  }
  return [...bursts.values()];
}

function told(bursts) {
  const parts = Object.entries(FATES).map(([fate, { words }]) => {
    const some = bursts.filter((burst) => burst.fate === fate);
    return some.length > 0 ? `${count(some.length, 'burst')} ${words}` : '';
  });
  return parts.filter(Boolean).join(', ') || 'No bursts.';
}

function paint(canvas, { cells, columns, rows, top }, bursts, length) {
  const pen = canvas.getContext('2d');
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const ramp = [0, 1, 2].map((i) => rgb(colour(`--fall-${i}`)));
  const { low, high } = range(cells);
  const image = new ImageData(columns, rows);
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) {
      const share = Math.max(0, Math.min(1, (cells[column * rows + row] - low) / (high - low)));
      image.data.set(shade(ramp, share), 4 * ((rows - 1 - row) * columns + column));
    }
  }
  const small = new OffscreenCanvas(columns, rows);
  small.getContext('2d').putImageData(image, 0, 0);
  // At the screen's own points, so that letters are sharp.
  const ratio = Math.min(3, devicePixelRatio || 1);
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
  pen.scale(ratio, ratio);
  const [left, bottom] = [LEFT, height - FOOT];
  pen.fillStyle = colour('--card');
  pen.fillRect(0, 0, width, height);
  pen.drawImage(small, left, 0, width - left, bottom);
  pen.font = '12px system-ui, sans-serif';
  pen.fillStyle = colour('--soft');
  pen.textAlign = 'right';
  for (const kilo of [3, 6, 9, 12, 15, 18, 21].filter((kilo) => kilo * 1000 < top * 0.97)) {
    const y = bottom * (1 - (kilo * 1000) / top);
    if (y > 8) pen.fillText(`${kilo} kHz`, left - 6, y + 4);
  }
  const step = stepFor(length, Math.max(2, Math.floor((width - left) / 56)));
  let free = 0;
  for (let at = 0; at <= length; at += step) {
    const x = left + ((width - left) * at) / length;
    // The last one stands to the left of its mark.
    if (x < free) continue;
    free = x + 56;
    pen.textAlign = at === 0 ? 'left' : x > width - 24 ? 'right' : 'center';
    pen.fillText(label(at, step), x, height - 6);
  }
  pen.lineWidth = 2.5;
  for (const { from, to, fate } of bursts) {
    const x = left + ((width - left) * from) / length;
    const wide = Math.max(5, ((width - left) * (to - from)) / length);
    pen.strokeStyle = colour(FATES[fate].colour);
    pen.setLineDash(FATES[fate].dash);
    pen.strokeRect(x + 1.5, 2, Math.max(1, Math.min(wide, width - x) - 3), bottom - 4);
  }
  pen.setLineDash([]);
}

/** A colour between three of them. */
export function shade(ramp, share) {
  const at = share * 2;
  const first = Math.min(1, Math.floor(at));
  const [a, b] = [ramp[first], ramp[first + 1]];
  return [...a.map((value, i) => Math.round(value + (b[i] - value) * (at - first))), 255];
}

/** #rrggbb as three numbers. */
export function rgb(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) || 0);
}

/** Seconds between two marks, so that there are at most so many. */
function stepFor(length, most) {
  for (const step of [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300]) if (length / step <= most) return step;
  return 600;
}

function label(at, step) {
  if (step >= 60) return `${Math.round(at / 60)} min`;
  return `${at.toFixed(step < 0.1 ? 2 : step < 1 ? 1 : 0)} s`;
}

const FATES = {
  read: { words: 'read', line: 'solid frame', colour: '--theirs', dash: [] },
  kept: { words: 'waits for more passes', line: 'dotted frame', colour: '--ours', dash: [2, 4] },
  lost: { words: 'not read', line: 'dashed frame', colour: '--danger', dash: [9, 5] },
};

/** Standard deviations from which on tones are surely there. */
const SURE = 5;

/** For frequencies and times, in points. */
const [LEFT, FOOT] = [52, 22];
