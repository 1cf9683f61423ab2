// Every recording of the repository says in WebAssembly what stands beside it, with vectors and
// without; and what is sent is what the golden ones hold.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { decode, encode, load, readWav } from '../src/index.js';

const folder = new URL('../../test-audio/', import.meta.url);

/** The messages of the text beside a recording: a line each, `text WORDS` or `hex DIGITS`. */
function expected(path) {
  const lines = readFileSync(new URL(path.replace(/wav$/, 'txt'), folder), 'utf8').split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => (line.startsWith('text ') ? Buffer.from(line.slice(5)) : Buffer.from(line.slice(4), 'hex')));
}

const recording = (path) => readWav(readFileSync(new URL(path, folder)));

for (const simd of [true, false]) {
  const kind = simd ? 'with vectors' : 'without vectors';

  for (const [part, least] of [['golden', 15], ['impaired', 13], ['crashes', 5]]) {
    test(`${part} recordings stay readable, ${kind}`, async () => {
      await load({ simd });
      const names = readdirSync(new URL(part, folder)).filter((name) => name.endsWith('.wav'));
      assert.ok(names.length >= least, `${names.length} recordings in ${part}`);
      for (const name of names) {
        const path = `${part}/${name}`;
        const { samples, rate } = recording(path);
        const messages = await decode(samples, rate);
        assert.deepEqual(messages.map(({ payload }) => Buffer.from(payload)), expected(path), path);
      }
    });
  }

  // The rows of `tests/recordings.rs`.
  const golden = {
    empty: {},
    hello: {},
    'sixty-four-bytes': {},
    'sixty-four-bytes-pass-3': { firstPass: 3 },
    loop: { passes: 8 },
    'deep-pass-4': { firstPass: 4 },
    'deep-pass-6': { firstPass: 6 },
    'longest-single-frame': {},
    'three-segments': {},
    'two-segments-pass-5': { firstPass: 5 },
    phone: { profile: 'phone' },
    'phone-deep-pass-1': { profile: 'phone', firstPass: 1 },
    ultrasonic: { profile: 'ultrasonic' },
    'ultrasonic-deep-pass-4': { profile: 'ultrasonic', firstPass: 4 },
  };

  test(`golden recordings are what is sent, ${kind}`, async () => {
    await load({ simd });
    for (const [name, options] of Object.entries(golden)) {
      const { samples, rate } = recording(`golden/${name}.wav`);
      // The empty message is an empty line.
      const message = expected(`golden/${name}.wav`)[0] ?? Buffer.alloc(0);
      const sent = await encode(message, { ...options, rate });
      assert.equal(sent.length, samples.length, name);
      // Half a step of 16 bits is lost by storing, one by another order of sums.
      const off = sent.findIndex((x, i) => Math.abs(x - samples[i]) >= 1.5 / 32768);
      assert.equal(off, -1, `${name}, sample ${off}: ${sent[off]} ${samples[off]}`);
    }
  });
}
