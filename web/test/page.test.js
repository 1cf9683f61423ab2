// The page without a browser: its colours, its words, its pictures.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { burstsOf, rgb, shade } from '../page/js/plot.js';
import { FLOOR_DB, picture, range, Transform } from '../page/js/spectrum.js';
import { asText, count, hexLines, oneLine, plain, seconds, size } from '../page/js/text.js';
import { advised, explained } from '../page/js/trouble.js';

const read = (path) => readFileSync(new URL(`../page/${path}`, import.meta.url), 'utf8');
const css = read('page.css');
const html = read('index.html');

/** The colours of one scheme, by name. */
function scheme(block) {
  return Object.fromEntries([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map(([, name, colour]) => [name, colour]));
}
const [light, dark] = css.split('prefers-color-scheme: dark').map((half) => scheme(half.slice(0, half.indexOf('}', half.indexOf('--paper')))));

/** Contrast as the Web Content Accessibility Guidelines 2.2 compute it. */
function contrast(one, other) {
  const luminance = (colour) => {
    const [r, g, b] = rgb(colour).map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [a, b] = [luminance(one), luminance(other)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}

test('every text can be read on what it stands on, in light and in dark', () => {
  assert.equal(contrast('#ffffff', '#000000'), 21);
  const texts = {
    ink: ['paper', 'card', 'warn-paper', 'bad-paper', 'theirs-paper', 'ours-paper'],
    soft: ['paper', 'card', 'warn-paper', 'ours-paper', 'theirs-paper', 'fall-0'],
    accent: ['paper', 'card'],
    danger: ['paper', 'card'],
    'on-accent': ['accent', 'accent-dark'],
    ours: ['paper', 'card', 'ours-paper'],
    theirs: ['paper', 'card', 'theirs-paper'],
  };
  for (const [name, colours] of Object.entries({ light, dark })) {
    for (const [text, papers] of Object.entries(texts)) {
      for (const paper of papers) {
        const ratio = contrast(colours[text], colours[paper]);
        assert.ok(ratio >= 4.5, `${name}: ${text} on ${paper}: ${ratio.toFixed(2)}`);
      }
    }
    // What shows where something can be pressed, and where the focus is (1.4.11).
    for (const [edge, paper] of [['line', 'paper'], ['line', 'card'], ['focus', 'paper'], ['focus', 'card'], ['danger', 'bad-paper']]) {
      const ratio = contrast(colours[edge], colours[paper]);
      assert.ok(ratio >= 3, `${name}: ${edge} on ${paper}: ${ratio.toFixed(2)}`);
    }
  }
});

test('the page asks nothing of anybody, and has no script or style within', () => {
  assert.doesNotMatch(html, /(src|href)="(https?:)?\/\//);
  assert.doesNotMatch(html, /<style|style=|\son\w+=|javascript:/i);
  assert.match(html, /http-equiv="Content-Security-Policy" content="default-src 'self';/);
  assert.doesNotMatch(html, /unsafe-inline|unsafe-eval'[^"]*'unsafe-eval|data:/);
  for (const [, script] of html.matchAll(/<script([^>]*)>/g)) assert.match(script, /src="\.\//);
  assert.doesNotMatch(css, /url\(|@import/);
});

test('no script of the page makes markup or code of a text', () => {
  for (const name of readdirSync(new URL('../page/js/', import.meta.url))) {
    assert.doesNotMatch(read(`js/${name}`), /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.style\b/, name);
  }
});

test('every field has a label, every name is there once, and every label has its field', () => {
  const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length);
  const labelled = new Set([...html.matchAll(/<label[^>]*for="([^"]+)"/g)].map(([, id]) => id));
  for (const [field, id] of html.matchAll(/<(?:input|select|textarea|meter)[^>]*\sid="([^"]+)"/g)) {
    assert.ok(labelled.has(id) || /aria-label=/.test(field), id);
  }
  for (const [, refs] of html.matchAll(/(?:aria-describedby|aria-labelledby|for)="([^"]+)"/g)) {
    for (const id of refs.split(' ')) assert.ok(ids.includes(id), id);
  }
});

test('every element that a script asks for is in the page', () => {
  const ids = new Set([...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id));
  for (const name of readdirSync(new URL('../page/js/', import.meta.url))) {
    for (const [, id] of read(`js/${name}`).matchAll(/find\('([^']+)'\)/g)) assert.ok(ids.has(id), `${name}: ${id}`);
  }
});

test('what tricks the eye is written out', () => {
  assert.equal(plain('a\u202eb\u0007c\nd\te\r\nf'), 'a\\u{202e}b\\u{7}c\nd\te\nf');
  assert.equal(plain('\ud800x'), '\\u{d800}x');
  assert.equal(plain('naïve 日本 👋🏽'), 'naïve 日本 👋🏽');
  assert.equal(oneLine('inv\u202efdp.exe\n'), 'inv\\u{202e}fdp.exe\\u{a}');
  assert.equal(plain('<b>&amp;'), '<b>&amp;');
});

test('no text is longer than it may be', () => {
  const long = 'x'.repeat(1_000_000);
  assert.ok(plain(long).length < 20_100);
  assert.match(plain(long), /980,000 more characters/);
  assert.ok([...oneLine(long)].length <= 120);
  assert.match(oneLine(`${'y'.repeat(500)}.tar.gz`), /…y+\.tar\.gz$/);
  // Written out, a trick is longer than it was; it still ends.
  assert.ok(oneLine('\u202e'.repeat(1000)).length < 120 * 9);
  assert.equal(plain(`${'x'.repeat(9)}👋`, 10), `${'x'.repeat(9)}… (2 more characters)`);
});

test('bytes are text only if all of them are', () => {
  const bytes = (text) => new TextEncoder().encode(text);
  assert.equal(asText(bytes('grüß\tdich\r\n')), 'grüß\tdich\r\n');
  assert.equal(asText(bytes('')), '');
  for (const other of [new Uint8Array([0xff]), new Uint8Array([0]), bytes('\u001b[2J'), bytes('\u202e'), bytes('\ufeffx')]) {
    assert.equal(asText(other), undefined);
  }
  assert.equal(hexLines(new Uint8Array([0, 255, 16])), '00 ff 10');
  assert.match(hexLines(new Uint8Array(600)), /88 more bytes/);
});

test('numbers are told as people tell them', () => {
  assert.deepEqual([0, 999, 1000, 212_345, 999_499, 999_500, 2.15e9, 5e12, 7e15].map(size), ['0 bytes', '999 bytes', '1.00 kB', '212 kB', '999 kB', '1.00 MB', '2.15 GB', '5.00 TB', '7000 TB']);
  assert.equal(size(NaN), 'unknown size');
  assert.deepEqual([0.346, 12.34, 353, 4000].map(seconds), ['0.35 s', '12.3 s', '5 min 53 s', '1 h 6 min']);
  assert.deepEqual([count(1, 'byte'), count(65536, 'byte')], ['1 byte', '65,536 bytes']);
});

test('the fast transform is the slow one', () => {
  const size = 64;
  const re = Float64Array.from({ length: size }, (_, i) => Math.sin(i * i));
  const im = Float64Array.from({ length: size }, (_, i) => Math.cos(3 * i));
  const slow = Array.from({ length: size }, (_, k) => {
    let [r, s] = [0, 0];
    for (let i = 0; i < size; i++) {
      const [c, d] = [Math.cos((2 * Math.PI * i * k) / size), -Math.sin((2 * Math.PI * i * k) / size)];
      r += re[i] * c - im[i] * d;
      s += re[i] * d + im[i] * c;
    }
    return [r, s];
  });
  new Transform(size).run(re, im);
  slow.forEach(([r, s], k) => assert.ok(Math.hypot(r - re[k], s - im[k]) < 1e-9, `${k}`));
});

test('a tone is where it is, when it is, and as loud as it is', () => {
  const [rate, columns, rows, top] = [48000, 100, 220, 22000];
  const samples = new Float32Array(rate);
  for (let i = rate / 2; i < rate; i++) samples[i] = 0.1 * Math.sin((2 * Math.PI * 5050 * i) / rate);
  const cells = picture(samples, rate, { columns, rows, top });
  const level = (column, row) => FLOOR_DB * (1 - cells[column * rows + row] / 255);
  // 20 dB below full scale; the window loses up to 1.4 dB between two bins.
  assert.ok(Math.abs(level(75, 50) + 20) < 2, `${level(75, 50)}`);
  for (const [column, row] of [[25, 50], [75, 20], [75, 100]]) assert.ok(level(column, row) < -70, `${column} ${row}: ${level(column, row)}`);
});

test('any samples give a picture', () => {
  for (const samples of [new Float32Array(0), new Float32Array(3).fill(NaN), new Float32Array(5000).fill(Infinity), new Float32Array(70000).fill(1e30)]) {
    const cells = picture(samples, 8000, { columns: 10, rows: 16, top: 4000 });
    assert.equal(cells.length, 160);
    const { low, high } = range(cells);
    assert.ok(high > low);
  }
});

test('a colour between three is one of them at each end', () => {
  const ramp = ['#000000', '#804020', '#ffffff'].map(rgb);
  assert.deepEqual([0, 0.5, 1].map((share) => shade(ramp, share)), [[0, 0, 0, 255], [128, 64, 32, 255], [255, 255, 255, 255]]);
});

test('each burst has its fate', () => {
  const events = [
    { type: 'header', at: 0, until: 4800 },
    { type: 'message', at: 0, end: 4800 },
    { type: 'header', at: 48000, until: 52800 },
    { type: 'lost', at: 48000 },
    { type: 'header', at: 96000, until: 99000 },
    { type: 'kept', at: 96000 },
    { type: 'unread', at: 144000, sigmas: 9 },
    { type: 'unread', at: 150000, sigmas: 2 },
  ];
  assert.deepEqual(burstsOf(events, 48000).map(({ from, fate }) => [from, fate]), [[0, 'read'], [1, 'lost'], [2, 'kept'], [3, 'lost']]);
});

test('every failure is told with what to do, and without a stranger’s tricks', () => {
  const kinds = [
    ...['denied', 'dismissed', 'system', 'missing', 'busy', 'insecure', 'muted', 'gone'].map((reason) => ['MicrophoneError', reason]),
    ...['no-peer', 'no-route', 'busy', 'refused', 'peer-gone', 'proof', 'webrtc', 'differ', 'gone'].map((reason) => ['PairError', reason]),
    ['AutoplayError'], ['LoadError'], ['EngineError'], ['LoudspeakerError'], ['TypeError'],
  ];
  for (const [name, reason] of kinds) {
    const error = Object.assign(new Error('it went\u202e wrong'), { name, reason });
    const { title, words, advice } = explained(error);
    assert.ok(title.length > 5 && words.length > 5 && advice.length > 0, `${name} ${reason}`);
    assert.doesNotMatch(words, /\u202e/u, `${name} ${reason}`);
    assert.match(words, /^[A-Z].*[.!?]$/, words);
  }
});

test('advice that only a command line can follow is left out', () => {
  const source = readFileSync(new URL('../../src/pairing/apart.rs', import.meta.url), 'utf8');
  const advice = [...source.matchAll(/"((?:[^"\\]|\\\n)*hotspot(?:[^"\\]|\\\n)*)"/g)].map(([, words]) => words.replace(/\\\n\s*/g, ''));
  assert.ok(advice.some((words) => words.includes('--')));
  for (const words of advice) assert.doesNotMatch(advised(words), /--|relay/, words);
  assert.match(advised(advice.find((words) => words.includes('--'))), /another network, or a cable\. On a network/);
});
