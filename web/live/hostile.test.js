// Whatever is heard, dropped or said over the air at a page: nothing is thrown that nobody catches,
// in the page, its worker or its audio thread; and the page never stands still.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { open } from './browser.js';

/** A page that does nothing for so long has hung, for whoever looks at it. */
const HANGS_MS = 1000;

const folder = new URL('../../test-audio/', import.meta.url);
const fixture = (name) => readFileSync(new URL(`../../tests/fixtures/signal/${name}`, import.meta.url), 'utf8');

let browser;
before(async () => {
  browser = await open();
  await browser.page.evaluate(async () => {
    window.damage = await import('/test/damage.js');
    window.uncaught = [];
    addEventListener('error', ({ message }) => uncaught.push(message));
    addEventListener('unhandledrejection', ({ reason }) => uncaught.push(String(reason)));
    // The watchdog: the longest time for which the main thread had no time.
    let last = performance.now();
    window.longest = 0;
    setInterval(() => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }, 5);
  });
});
after(() => browser?.close());

/** Does something in the page; it must live through it. Gives what came of it. */
async function survive(act, given) {
  await browser.page.evaluate(() => (longest = 0));
  const outcome = await browser.page.evaluate(act, given);
  const { longest, uncaught } = await browser.page.evaluate(() => ({ longest, uncaught }));
  console.log(`the main thread had no time for at most ${longest.toFixed(0)} ms`);
  assert.deepEqual(uncaught, []);
  assert.deepEqual(browser.complaints, []);
  assert.ok(longest < HANGS_MS, `${longest} ms`);
  return outcome;
}

test('damaged bursts and random messages on the way to the modem: what follows is heard', async () => {
  const outcome = await survive(async () => {
    const next = damage.dice(1);
    const { context, out, play } = await player();
    const [messages, troubles] = [[], []];
    const listening = await airshake.listen((message) => messages.push(message.payload), {
      stream: out.stream,
      onTrouble: (error) => troubles.push(String(error)),
    });
    let refused = 0;
    for (let i = 0; i < 16; i++) {
      const profile = ['audible', 'phone', 'ultrasonic'][i % 3];
      const burst = await airshake.encode(damage.noise(1 + (next() % 40), next), { profile, firstPass: i });
      await play(damage.damagedSound(burst, i, next));
    }
    // Right behind what is so much louder nobody would hear it.
    await play(new Float32Array(48000));
    // Whole, and none a signal that one would expect.
    for (let i = 0; i < 4; i++) await play(await airshake.encode(damage.noise(20, next)));
    await play(await airshake.encode('still here'));
    await play(new Float32Array(48000));
    const report = await listening.stop();
    for (const payload of messages) await airshake.unpackSignal(payload).catch(() => refused++);
    await context.close();
    const last = new TextDecoder().decode(messages.at(-1));
    return { count: messages.length, refused, last, troubles, lost: listening.lost, findings: report.findings.length };
  });
  console.log(JSON.stringify(outcome));
  assert.equal(outcome.last, 'still here');
  assert.ok(outcome.count >= 5, `${outcome.count}`);
  assert.deepEqual(outcome.troubles, []);
  assert.equal(outcome.lost, 0);
});

test('signals with random bytes reach no further than an error', async () => {
  const sdps = ['chromium-offer.sdp', 'chromium-offer-mic.sdp', 'chromium-answer.sdp'].map(fixture);
  const outcome = await survive(async (sdps) => {
    const next = damage.dice(2);
    const packed = [];
    for (const [i, sdp] of sdps.entries()) {
      packed.push(await airshake.packSignal({ type: i < 2 ? 'offer' : 'answer', sdp }));
    }
    packed.push(await airshake.packSignal({ type: 'beacon', sdp: sdps[1], secret: '0102030405060708' }));
    packed.push(await airshake.packSignal({ type: 'transceiverRequest', transceiverRequest: { kind: 'audio' } }));
    const [taken, refused] = [[], []];
    for (let i = 0; i < 20_000; i++) {
      // As messages come: each by itself.
      if (i % 100 === 0) await new Promise((resolve) => setTimeout(resolve));
      const bytes = i % 4 ? damage.damagedBytes(packed[i % packed.length], next) : damage.noise(next() % 90, next);
      if (i % 8 === 0 && bytes.length) bytes[0] = 0x40 | (bytes[0] & 63);
      await airshake.unpackSignal(bytes).then(
        (signal) => taken.push(signal),
        (error) => refused.push(error),
      );
    }
    // The browser itself decides about those that are still descriptions.
    const descriptions = taken.filter(({ sdp }) => sdp);
    let set = 0;
    for (const { type, sdp } of descriptions.slice(0, 100)) {
      const peer = new RTCPeerConnection();
      if (type === 'answer') {
        peer.createDataChannel('');
        await peer.setLocalDescription();
      }
      await peer.setRemoteDescription({ type, sdp }).then(
        () => set++,
        () => {},
      );
      peer.close();
    }
    return {
      taken: taken.length,
      descriptions: descriptions.length,
      set,
      refused: refused.length,
      others: refused.filter((error) => !(error instanceof airshake.SignalError)).map(String),
    };
  }, sdps);
  console.log(JSON.stringify(outcome));
  assert.deepEqual(outcome.others, []);
  assert.ok(outcome.taken > 100 && outcome.refused > 100);
});

test('damaged WAV files end in a message or in words', async () => {
  const golden = [...readFileSync(new URL('golden/hello.wav', folder))];
  const outcome = await survive(async (golden) => {
    const next = damage.dice(3);
    const file = Uint8Array.from(golden);
    const counts = { read: 0, heard: 0, refused: 0 };
    const others = [];
    for (let i = 0; i < 300; i++) {
      try {
        const { samples, rate } = airshake.readWav(damage.damagedBytes(file, next));
        counts.read++;
        counts.heard += (await airshake.decode(samples, rate)).length;
      } catch (error) {
        counts.refused++;
        if (!(error instanceof airshake.AirshakeError)) others.push(String(error));
      }
      await new Promise((resolve) => setTimeout(resolve));
    }
    return { ...counts, others };
  }, golden);
  console.log(JSON.stringify(outcome));
  assert.deepEqual(outcome.others, []);
  assert.ok(outcome.heard > 50 && outcome.refused > 50);
});

test('recordings say in Chromium what stands beside them', async () => {
  for (const part of ['golden', 'impaired', 'crashes']) {
    const names = readdirSync(new URL(part, folder)).filter((name) => name.endsWith('.wav'));
    assert.ok(names.length >= 5, part);
    for (const name of names) {
      const bytes = readFileSync(new URL(`${part}/${name}`, folder)).toString('base64');
      const heard = await browser.page.evaluate(async (base64) => {
        const { samples, rate } = airshake.readWav(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
        return (await airshake.decode(samples, rate)).map(({ payload }) => [...payload]);
      }, bytes);
      const lines = readFileSync(new URL(`${part}/${name.replace(/wav$/, 'txt')}`, folder), 'utf8').split('\n');
      const expected = lines
        .filter((line) => line !== '')
        .map((line) => (line.startsWith('text ') ? Buffer.from(line.slice(5)) : Buffer.from(line.slice(4), 'hex')));
      assert.deepEqual(heard.map((bytes) => Buffer.from(bytes)), expected, `${part}/${name}`);
    }
  }
});
