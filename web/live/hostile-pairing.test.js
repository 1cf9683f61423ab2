// A page that pairs while somebody in the room says whatever: damaged bursts, and signals that are
// whole and lead nowhere. It throws nothing, stands still never, and then pairs.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { encode, packSignal, writeWav } from '../src/index.js';
import { damagedBytes, damagedSound, dice, noise } from '../test/damage.js';
import { laptop } from './browser.js';
import { Page, Program } from './pairing.js';

/** A page that does nothing for so long has hung, for whoever looks at it. */
const HANGS_MS = 1000;

let page;
before(async () => {
  page = await Page.open('B');
});
after(() => page?.close());

const fixture = (name) => readFileSync(new URL(`../../tests/fixtures/signal/${name}`, import.meta.url), 'utf8');

/** What an unpleasant neighbour says: about twelve seconds. */
async function babble(seed) {
  const next = dice(seed);
  const offer = await packSignal({ type: 'offer', sdp: fixture('chromium-offer-mic.sdp') });
  const whole = [
    offer,
    await packSignal({ type: 'answer', sdp: fixture('chromium-answer.sdp') }, { answering: offer }),
    await packSignal({ type: 'beacon', sdp: fixture('chromium-offer-mic.sdp'), secret: '0102030405060708' }),
    await packSignal({ type: 'candidate', candidate: { candidate: 'candidate:1 1 udp 1 192.0.2.9 4000 typ host' } }),
  ];
  const parts = [];
  for (let i = 0; i < 12; i++) {
    // A first byte of this version says that the rest is a signal of some kind.
    const random = noise(1 + (next() % 90), next);
    random[0] = 0x40 | (random[0] & 63);
    const said = await encode(i % 3 === 0 ? random : damagedBytes(whole[next() % whole.length], next));
    parts.push(i % 2 ? said : damagedSound(said, i >> 1, next), new Float32Array(4800));
  }
  const samples = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    // As loud as a loudspeaker can be, and not endlessly louder.
    part.forEach((x, i) => (samples[at + i] = Number.isFinite(x) ? Math.max(-1, Math.min(1, x)) : 0));
    at += part.length;
  }
  return samples;
}

for (const ways of ['both', 'two-sounds']) {
  test(`amid damaged and hostile signals a page pairs, ${ways}`, async () => {
    const file = join(tmpdir(), `airshake-babble-${process.pid}.wav`);
    writeFileSync(file, writeWav(await babble(ways.length), 48000));
    try {
      await page.page.evaluate(() => {
        let last = performance.now();
        window.longest = 0;
        window.watchdog = setInterval(() => {
          const now = performance.now();
          longest = Math.max(longest, now - last);
          last = now;
        }, 5);
      });
      await page.pair({ ways });
      const neighbour = spawn('paplay', [file], { env: laptop('A'), stdio: 'inherit' });
      await new Promise((resolve) => neighbour.on('close', resolve));
      assert.equal(await page.page.evaluate(() => window.failed), undefined);
      const heard = await page.events('heard');
      assert.ok(heard.length > 0, 'it heard nothing of it');
      const program = new Program('A', '--yes');
      const begun = performance.now();
      await page.has('link', 60);
      const seconds = (performance.now() - begun) / 1000;
      await page.say('still here');
      await program.said('still here').catch(async (error) => {
        throw new Error(`${error.message}\n${JSON.stringify(await page.page.evaluate(() => events))}`);
      });
      // Who ends its input without a word goes on listening.
      program.say('so am I');
      await page.said('so am I');
      assert.equal(await program.leave(), 0);
      await page.closed();
      const longest = await page.page.evaluate(() => (clearInterval(watchdog), longest));
      console.log(
        `${heard.length} strange messages heard, then paired in ${seconds.toFixed(1)} s; the main thread had no time for at most ${longest.toFixed(0)} ms`,
      );
      assert.deepEqual(page.complaints, []);
      assert.ok(longest < HANGS_MS, `${longest} ms`);
    } finally {
      rmSync(file, { force: true });
    }
  });
}
