// Whatever a page, a peer or a room passes: no export traps, none hangs, memory stays bounded.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from '../src/index.js';
import { dice } from './damage.js';

const CALLS = Number(process.env.AIRSHAKE_HOSTILE_CALLS ?? 100_000);

for (const simd of [true, false]) {
  test(`${CALLS} calls with random numbers and bytes, ${simd ? 'with' : 'without'} vectors`, async () => {
    const { exports } = new WebAssembly.Instance(await load({ simd }), {});
    const next = dice(simd ? 1 : 2);
    const below = (most) => next() % most;
    // Mostly near what is taken, sometimes anything.
    const number = (usual) => (below(4) ? usual[below(usual.length)] : next() | 0);
    const fill = (/** @type {number} */ most) => {
      const length = below(most);
      const place = exports.room(length);
      const bytes = new Uint8Array(exports.memory.buffer, place, length);
      for (let i = 0; i < length; i++) bytes[i] = next();
      return bytes;
    };
    const text = (bytes, at, words) => {
      for (let i = 0; i < words.length && at + i < bytes.length; i++) bytes[at + i] = words.charCodeAt(i);
    };
    const rates = [8000, 16000, 24000, 44100, 48000, 96000, 1_000_000];
    let ms = 0;
    const moment = () => (below(50) ? (ms += below(1000)) : [NaN, -1, Infinity, 1e300, 0][below(5)]);
    const counts = {};
    const acts = {
      room: () => exports.room(number([0, 1, 100, 65536, 131072, 131073])),
      profiles: () => exports.profiles(),
      // What opens an ear allocates much: less often than the rest.
      ear_open: () => below(20) || exports.ear_open(number([1, 2, 4, 7]), number(rates)),
      ear_push: () => {
        const place = exports.samples();
        const samples = new Float32Array(exports.memory.buffer, place, exports.piece());
        // Any bits: numbers that are none, and far too large ones.
        new Uint32Array(samples.buffer, samples.byteOffset, samples.length)[below(4096)] = next();
        for (let i = 0; i < 64; i++) samples[below(4096)] = next() / 2 ** 31 - 1;
        return exports.ear_push(number([0, 1, 128, 1024, 4096, 4097]));
      },
      ear_finish: () => below(20) || exports.ear_finish(),
      ear_report: () => exports.ear_report(),
      voice_open: () => {
        fill(below(100) ? 600 : 66000);
        return exports.voice_open(number([0, 1, 2]), number(rates), number([0, 1, 7]));
      },
      voice_len: () => exports.voice_len(),
      voice_read: () => exports.voice_read(),
      signal_pack: () => {
        const bytes = fill(300);
        text(bytes, below(8), ['{"type":"beacon","secret":"', '{"type":"offer","sdp":"v=0', '{"answers":', '{"candidate":{"candidate":"'][below(4)]);
        return exports.signal_pack(number([0, bytes.length, bytes.length >> 1]), number([90, 0, 61]));
      },
      signal_unpack: () => {
        const bytes = fill(120);
        if (bytes.length && below(2)) bytes[0] = 0x40 | (bytes[0] & 0x3f);
        return exports.signal_unpack();
      },
      signal_tag: () => exports.signal_tag(),
      beacon_answer: () => {
        const bytes = fill(120);
        text(bytes, 0, 'kbaW5gnPl8yENrhlKqNKknNh');
        if (bytes.length > 24) bytes[24] = [0x74, 0x75, 0x76][below(3)];
        return exports.beacon_answer(number([24, 24, 0, 22]));
      },
      pairing_open: () => {
        const json = '{"seed":"0123456789abcdef","ways":"both"}';
        const bytes = new Uint8Array(exports.memory.buffer, exports.room(json.length), json.length);
        text(bytes, 0, json);
        if (!below(4)) bytes[below(bytes.length)] = next();
        return exports.pairing_open();
      },
      pairing_tell: () => {
        const told = ['start', 'tick', 'cancel', 'carrier', 'heard', 'started', 'finished', 'described', 'reached', 'opened', 'message', 'failed'];
        const hash = `sha-256 ${'AB:'.repeat(31)}AB`;
        const json = JSON.stringify({ told: told[below(told.length)], attempt: below(4), seconds: next() / 1e9, sdp: 'v=0', ours: hash, theirs: hash });
        const rest = number([0, 48, 60]) & 127;
        const bytes = new Uint8Array(exports.memory.buffer, exports.room(json.length + rest), json.length + rest);
        for (let i = json.length; i < bytes.length; i++) bytes[i] = next();
        text(bytes, 0, json);
        if (!below(8)) bytes[below(json.length)] = next();
        return exports.pairing_tell(moment(), number([json.length, json.length, 0]));
      },
      pairing_deadline: () => exports.pairing_deadline(),
      link_open: () => below(20) || exports.link_open(moment()),
      link_act: () => {
        const name = ['accept', 'accept', 'refuse', 'leave', 'closed', 'sing'][below(below(10) ? 2 : 6)];
        text(new Uint8Array(exports.memory.buffer, exports.room(name.length), name.length), 0, name);
        return exports.link_act();
      },
      link_text: () => {
        fill(below(10) ? 50 : 20000);
        return exports.link_text();
      },
      link_files: () => {
        fill(below(10) ? 50 : 20000);
        return exports.link_files();
      },
      link_hear: () => {
        const bytes = fill(below(10) ? 50 : 20000);
        // A frame, mostly.
        if (bytes.length) bytes[0] = [1, 2, 4, 5, 5, 5, 16, 17, 18, 64, 65, 66, next()][below(13)];
        return exports.link_hear(moment());
      },
      link_tick: () => exports.link_tick(moment()),
      link_take: () => exports.link_take(number([0, 1, 16384])),
      link_message: () => exports.link_message(),
      link_event: () => exports.link_event(),
      link_state: () => exports.link_state(),
      link_deadline: () => exports.link_deadline(),
    };
    const functions = Object.entries(exports).filter(([, value]) => typeof value === 'function');
    const untried = functions.map(([name]) => name).filter((name) => !(name in acts) && !['output', 'samples', 'piece', 'now'].includes(name) && !name.startsWith('transfer_'));
    assert.deepEqual(untried, []);
    const names = Object.keys(acts);
    for (let call = 0; call < CALLS; call++) {
      const name = names[below(names.length)];
      const result = acts[name]();
      counts[name] = (counts[name] ?? 0) + 1;
      if (/^(ear|signal|beacon|voice_open|pairing|link)/.test(name) && !/tag|deadline|state/.test(name)) {
        const place = exports.output();
        assert.ok(place + Math.abs(Number(result)) <= exports.memory.buffer.byteLength, name);
        // Every refusal says why.
        if (result < 0) {
          const words = new TextDecoder().decode(new Uint8Array(exports.memory.buffer, place, -result));
          assert.match(JSON.parse(words).error, /^(usage|limit|signal)$/);
        }
      }
    }
    const megabytes = exports.memory.buffer.byteLength / 2 ** 20;
    console.log(`${Object.values(counts).reduce((a, b) => a + b)} calls, memory ${megabytes.toFixed(0)} MiB`);
    // An ear for all profiles at 48 kHz takes 12 MiB; one at 1 MHz, and a burst at that rate, more.
    assert.ok(megabytes < 256, `${megabytes} MiB`);
  });
}
