// Signals, as the engines of tests/fixtures/signal wrote them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { answerToBeacon, packSignal, SignalError, tagOf, unpackSignal, UsageError } from '../src/index.js';

const fixture = (name) =>
  readFileSync(new URL(`../../tests/fixtures/signal/${name}`, import.meta.url), 'utf8');
const offer = { type: 'offer', sdp: fixture('chromium-offer-mic.sdp') };
const answer = { type: 'answer', sdp: fixture('chromium-answer.sdp') };
const line = (sdp, name) => sdp.match(new RegExp(`a=${name}:(.*)\r\n`))[1];

test("a browser's offer takes 61 bytes, and keeps its meaning", async () => {
  const packed = await packSignal(offer);
  assert.equal(packed.length, 61);
  const { type, sdp } = await unpackSignal(packed);
  assert.equal(type, 'offer');
  for (const name of ['ice-ufrag', 'ice-pwd', 'fingerprint', 'max-message-size', 'setup']) {
    assert.equal(line(sdp, name), line(offer.sdp, name), name);
  }
  assert.match(sdp, /192\.168\.77\.2 36008 typ host/);
});

test('packing undoes unpacking', async () => {
  const simple = ['offer', 'answer'].map((role) => JSON.parse(fixture(`simple-peer-${role}.json`)));
  const signals = [
    ...simple,
    { type: 'candidate', candidate: { candidate: 'candidate:1 1 udp 2130706431 192.168.77.2 4000 typ host', sdpMLineIndex: 0, sdpMid: '0' } },
    { type: 'renegotiate', renegotiate: true },
    { type: 'transceiverRequest', transceiverRequest: { kind: 'audio', init: {} } },
  ];
  for (const signal of signals) {
    const packed = await packSignal(signal);
    const again = await unpackSignal(packed);
    assert.deepEqual(await packSignal(again), packed, JSON.stringify(signal));
  }
  for (const signal of signals.slice(2)) {
    assert.deepEqual(await unpackSignal(await packSignal(signal)), signal);
  }
});

test('an answer says which offer it answers', async () => {
  const asked = await packSignal(offer);
  const packed = await packSignal(answer, { answering: asked });
  const { answers, ...rest } = await unpackSignal(packed);
  assert.equal(answers, await tagOf(asked));
  assert.deepEqual(await packSignal({ ...rest, answers }), packed);
  assert.equal((await packSignal(rest)).length, packed.length - 1);
  await assert.rejects(packSignal(offer, { answering: asked }), SignalError);
  await assert.rejects(packSignal({ ...rest, answers: 256 }), SignalError);
  await assert.rejects(packSignal({ ...offer, answers: 1 }), SignalError);
});

test('of many addresses a description tells as many as fit', async () => {
  const lines = [
    '127.0.0.1 1000 typ host',
    '2001:db8::1 1001 typ host',
    '2001:db8::2 1002 typ host',
    '172.17.0.1 1003 typ host',
    '198.51.100.7 1004 typ srflx raddr 0.0.0.0 rport 0',
    '203.0.113.9 1005 typ relay raddr 0.0.0.0 rport 0',
  ];
  const more = lines.map((line, i) => `a=candidate:${i} 1 udp ${1000 - i} ${line}\r\n`).join('');
  const laptop = { type: 'offer', sdp: offer.sdp + more };
  const addresses = async (options) => {
    const packed = await packSignal(laptop, options);
    const { sdp } = await unpackSignal(packed);
    return [packed.length, ...[...sdp.matchAll(/udp \d+ (\S+)/g)].map(([, address]) => address)];
  };
  const own = '192.168.77.2';
  assert.deepEqual(await addresses(), [81, own, '172.17.0.1', '198.51.100.7', '203.0.113.9']);
  assert.deepEqual(await addresses({ most: 61 }), [61, own]);
  // All, but for the loopback: elsewhere it leads nowhere.
  const all = await addresses({ most: Infinity });
  assert.deepEqual(all.slice(1), [own, '2001:db8::1', '2001:db8::2', '172.17.0.1', '198.51.100.7', '203.0.113.9']);
  for (const most of [-1, 1.5, NaN, '90']) await assert.rejects(packSignal(laptop, { most }), UsageError);
});

test('a beacon takes 48 bytes, made from an offer or from its parts', async () => {
  const packed = await packSignal({ type: 'beacon', sdp: offer.sdp, secret: '0102030405060708' });
  assert.equal(packed.length, 48);
  const beacon = await unpackSignal(packed);
  assert.deepEqual(beacon, {
    type: 'beacon',
    fingerprint: line(offer.sdp, 'fingerprint'),
    secret: '0102030405060708',
    maxMessageSize: 262144,
    candidates: ['candidate:1 1 udp 2130706431 192.168.77.2 36008 typ host'],
  });
  assert.deepEqual(await packSignal(beacon), packed);
});

test('an invitation takes 61 bytes, its guest nine', async () => {
  const invitation = { type: 'invitation', sdp: offer.sdp };
  const packed = await packSignal(invitation);
  assert.equal(packed.length, 61);
  const again = await unpackSignal(packed);
  assert.equal(again.type, 'invitation');
  for (const name of ['ice-ufrag', 'ice-pwd', 'fingerprint']) {
    assert.equal(line(again.sdp, name), line(offer.sdp, name));
  }
  assert.deepEqual(await packSignal(again), packed);
  assert.equal((await packSignal(invitation, { most: 55 })).length, 55);

  const arrival = {
    type: 'arrival',
    answers: await tagOf(packed),
    candidates: ['candidate:1 1 udp 2130706431 192.168.77.2 36008 typ host'],
  };
  const said = await packSignal(arrival);
  assert.equal(said.length, 9);
  assert.deepEqual(await unpackSignal(said), arrival);
  const passive = { type: 'invitation', sdp: offer.sdp.replace('a=setup:actpass', 'a=setup:active') };
  await assert.rejects(packSignal(passive), SignalError);
  await assert.rejects(packSignal({ ...arrival, answers: 256 }), SignalError);
});

test("a beacon's answer carries the own password as its user fragment", async () => {
  const packed = await packSignal({
    type: 'beacon',
    // The frozen password below belongs to this fingerprint, 00 to 1F, and this secret.
    fingerprint: `sha-256 ${Array.from({ length: 32 }, (_, i) => i.toString(16).padStart(2, '0')).join(':')}`,
    secret: '0102030405060708',
  });
  const own = 'kbaW5gnPl8yENrhlKqNKknNh';
  const { type, sdp } = await answerToBeacon(packed, own);
  assert.equal(type, 'answer');
  assert.equal(line(sdp, 'ice-ufrag'), own);
  assert.equal(line(sdp, 'ice-pwd'), 'IF/rxzQEihy/VwnVCw+MflI1');
  assert.equal(line(sdp, 'setup'), 'passive');
  await assert.rejects(answerToBeacon(packed, 'too short'), SignalError);
  await assert.rejects(answerToBeacon(packed, `${own}\r\na=candidate:`), SignalError);
  await assert.rejects(answerToBeacon(await packSignal(offer), own), SignalError);
});

test('what is no signal is refused in words', async () => {
  for (const wrong of [{}, [], { type: 'offer' }, { type: 'beacon' }, { type: 'beacon', secret: 'zz', sdp: offer.sdp }]) {
    await assert.rejects(packSignal(wrong), SignalError, JSON.stringify(wrong));
  }
  for (const wrong of [null, undefined, 7, 'v=0', { big: 7n }]) {
    await assert.rejects(packSignal(wrong), UsageError, String(wrong));
  }
  await assert.rejects(unpackSignal(new Uint8Array()), SignalError);
  await assert.rejects(unpackSignal('text'), UsageError);
  await assert.rejects(packSignal({ type: 'offer', sdp: 'x'.repeat(70000) }), SignalError);
});

test('a text cannot pass for what is checked elsewhere', async () => {
  // Class 3, detail 3: a text as it is.
  const text = (json) => Buffer.concat([Buffer.from([0b01_11_0011]), Buffer.from(json)]);
  for (const json of [
    '{"type":"beacon","sdp":"x","secret":"y"}',
    JSON.stringify({ type: 'invitation', sdp: offer.sdp }),
    '{"type":"arrival","answers":7,"candidates":[]}',
    '{"type":"answer","sdp":"x","answers":"y"}',
    'no JSON',
    '{}',
  ]) {
    await assert.rejects(unpackSignal(text(json)), SignalError, json);
  }
});

test('every cut and every flipped bit of a signal is refused or another signal', async () => {
  for (const packed of [
    await packSignal(offer),
    await packSignal({ type: 'beacon', sdp: offer.sdp, secret: '0102030405060708' }),
    await packSignal({ type: 'transceiverRequest', transceiverRequest: { kind: 'audio', init: {} } }),
  ]) {
    const taken = async (bytes) => {
      try {
        return await unpackSignal(bytes);
      } catch (error) {
        assert.ok(error instanceof SignalError, error.stack);
        return undefined;
      }
    };
    for (let end = 0; end < packed.length; end++) await taken(packed.subarray(0, end));
    for (let bit = 0; bit < 8 * packed.length; bit++) {
      const damaged = packed.slice();
      damaged[bit >> 3] ^= 128 >> (bit & 7);
      const signal = await taken(damaged);
      if (signal?.sdp) assert.ok(!/[^\r]\n|\r[^\n]|\0/.test(signal.sdp));
    }
  }
});
