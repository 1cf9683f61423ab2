// The functions of the package, as a stranger calls them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  analyse,
  decode,
  Ear,
  encode,
  encodeWav,
  EngineError,
  LimitError,
  load,
  LoadError,
  profiles,
  readWav,
  UsageError,
  WavError,
  writeWav,
} from '../src/index.js';
import { Engine } from '../src/engine.js';

/** Bytes that are the same every time: a linear congruential generator of 32 bits. */
function random(seed, length) {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

test('decoding undoes encoding, in every profile', async () => {
  for (const { name, lowestRate } of await profiles()) {
    for (const rate of [lowestRate, 44100, 48000].filter((rate) => rate >= lowestRate)) {
      for (const length of [0, 1, 64]) {
        const payload = random(length + 1, length);
        const sound = await encode(payload, { profile: name, rate });
        const [message, ...more] = await decode(sound, rate, { profiles: [name] });
        assert.deepEqual(message.payload, payload, `${name}, ${rate} Hz, ${length} bytes`);
        assert.equal(message.profile, name);
        assert.deepEqual(more, []);
      }
    }
  }
});

test('a long message goes in segments', async () => {
  const payload = random(7, 3000);
  const events = [];
  const sound = await encode(payload);
  const [message] = await decode(sound, 48000, { onEvent: (event) => events.push(event.type) });
  assert.deepEqual(message.payload, payload);
  assert.ok(events.includes('segment'), events.join());
});

test('text is UTF-8, and passes follow each other', async () => {
  const one = await encode('grüß dich');
  const three = await encode('grüß dich', { passes: 3 });
  assert.deepEqual(three.subarray(0, one.length), one);
  const heard = await decode(three, 48000);
  assert.equal(heard.length, 3);
  assert.equal(new TextDecoder().decode(heard[2].payload), 'grüß dich');
});

test('the events are the same however the sound is cut', async () => {
  const sound = await encode(random(3, 40));
  const whole = [];
  await decode(sound, 48000, { onEvent: (event) => whole.push(event) });
  const ear = await Ear.open(48000);
  const cut = [];
  for (let at = 0, length = 1; at < sound.length; at += length, length = (length * 7) % 5003) {
    cut.push(...ear.push(sound.subarray(at, at + length)));
  }
  cut.push(...ear.finish());
  assert.deepEqual(cut, whole);
  assert.deepEqual(whole.map(({ type }) => type), ['carrier', 'header', 'message']);
});

test('the report says why nothing was heard', async () => {
  const { messages, report } = await analyse(new Float32Array(48000), 48000);
  assert.deepEqual(messages, []);
  assert.equal(report.findings[0].cause, 'silence');
  assert.ok(report.findings[0].words.length > 0 && report.findings[0].advice.length > 0);
  assert.equal(report.seconds, 1);
  assert.equal(report.peakDbfs, null);
});

test('samples that are no numbers are silence', async () => {
  const samples = new Float32Array(20000).fill(NaN);
  samples.fill(Infinity, 5000, 6000);
  assert.deepEqual(await decode(samples, 48000), []);
});

test('a decoding can be stopped', async () => {
  const stop = AbortSignal.abort();
  await assert.rejects(decode(new Float32Array(48000), 48000, { signal: stop }), { name: 'AbortError' });
});

test('what does not fit is refused in words', async () => {
  await assert.rejects(encode(new Uint8Array(65537)), (error) => {
    assert.ok(error instanceof LimitError);
    assert.match(error.message, /65537.*65536/);
    return true;
  });
  await assert.rejects(encode(new Uint8Array(1 << 20)), LimitError);
  await assert.rejects(encode('x', { rate: 4000 }), LimitError);
  await assert.rejects(encode('x', { rate: 2e6 }), LimitError);
  await assert.rejects(decode(new Float32Array(1), 7000), LimitError);
  await assert.rejects(decode(new Float32Array(1), 1.5e6), LimitError);
});

test('wrong use is refused in words', async () => {
  for (const rate of [0, -1, 1.5, NaN, Infinity, 2 ** 32 + 48000, '48000', undefined]) {
    await assert.rejects(decode(new Float32Array(1), rate), UsageError, String(rate));
  }
  await assert.rejects(encode('x', { profile: 'loud' }), UsageError);
  await assert.rejects(encode('x', { passes: 0 }), UsageError);
  await assert.rejects(encode(7), UsageError);
  await assert.rejects(decode([0, 0], 48000), UsageError);
  await assert.rejects(decode(new Float32Array(1), 48000, { profiles: [] }), UsageError);
});

test('WAV: reading undoes writing, and both channels are heard', async () => {
  const sound = await encode('tape');
  const { samples, rate } = readWav(await encodeWav('tape'));
  assert.equal(rate, 48000);
  assert.equal(samples.length, sound.length);
  assert.ok(samples.every((x, i) => Math.abs(x - sound[i]) <= 1 / 32768));
  const loud = readWav(writeWav(Float32Array.of(2, -2), 8000)).samples;
  assert.deepEqual([...loud], [32767 / 32768, -1]);
});

test('damaged WAV files are refused, none hangs', () => {
  const good = writeWav(new Float32Array(100), 48000);
  for (let end = 0; end < 44; end++) assert.throws(() => readWav(good.subarray(0, end)), WavError);
  let refused = 0;
  for (let seed = 1; seed <= 20000; seed++) {
    const bad = good.slice(0, 60);
    for (const [i, byte] of random(seed, 4).entries()) bad[(byte * 7 + i * 13 + seed) % 60] = byte;
    try {
      readWav(bad);
    } catch (error) {
      assert.ok(error instanceof WavError, error.stack);
      refused++;
    }
  }
  assert.ok(refused > 0 && refused < 20000);
});

test('an engine that stopped says so, and stays stopped', async () => {
  const engine = new Engine(await load());
  const { exports } = engine;
  // As if it trapped within a call.
  engine.exports = { ...exports, ear_push: () => { throw new WebAssembly.RuntimeError('unreachable'); } };
  assert.throws(() => engine.call('ear_push', 1), EngineError);
  assert.ok(engine.broken);
});

test('a module that cannot be had is said so, and can be asked for again', async () => {
  await assert.rejects(load({ wasm: new Uint8Array([1, 2, 3]) }), LoadError);
  await assert.rejects(load({ wasm: new URL('nowhere.wasm', import.meta.url) }), LoadError);
  await load();
});
