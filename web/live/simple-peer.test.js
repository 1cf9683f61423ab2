// simple-peer, unchanged, in a page: with simple-peer in Node through packed signals, and with
// another page by sound.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { packSignal, tagOf, unpackSignal } from '../src/index.js';
import { SimplePeer, skip, wrtc } from '../test/wanted.js';
import { air, laptop, open } from './browser.js';

/** What is asked of every signal. */
const MOST = 90;
const script = new URL('../node_modules/simple-peer/simplepeer.min.js', import.meta.url);

// With the microphone Chromium tells its addresses, without it names that stand for them.
for (const microphone of [true, false]) {
  const shown = microphone ? 'addresses' : 'names';

  test(`a page that shows ${shown} and Node connect through packed signals`, { skip }, async (t) => {
    const browser = await open({ microphone });
    try {
      await browser.page.evaluate(readFileSync(script, 'utf8'));
      let heard;
      await browser.page.exposeFunction('say', (what, value) => heard(what, value));
      for (const trickle of [false, true]) {
        for (const initiator of ['page', 'Node']) {
          await t.test(`${initiator} begins, trickle ${trickle}`, () =>
            exchange(browser.page, { initiator, trickle, shown, listen: (ear) => (heard = ear) }),
          );
        }
      }
      assert.deepEqual(browser.complaints, []);
    } finally {
      await browser.close();
    }
  });
}

async function exchange(page, { initiator, trickle, shown, listen }) {
  const node = new SimplePeer({ wrtc, trickle, initiator: initiator === 'Node', config: { iceServers: [] } });
  const data = [];
  const sizes = [];
  let told = '';
  let offer;
  let line = Promise.resolve();
  const inTurn = (act) => (line = line.then(act)).catch((error) => node.destroy(error));
  const counted = (from, type, packed) => {
    sizes.push(`${from}'s ${type} ${packed.length}`);
    assert.ok(packed.length <= MOST, sizes.at(-1));
    if (type === 'offer') offer = packed;
  };
  // All that crosses are bytes, as digits.
  listen((what, value) =>
    inTurn(async () => {
      if (what === 'data') return data.push(value);
      const packed = Buffer.from(value, 'hex');
      const { answers, ...signal } = await unpackSignal(packed);
      told += JSON.stringify(signal);
      counted('page', signal.type, packed);
      if (signal.type === 'answer') assert.equal(answers, await tagOf(offer));
      node.signal(signal);
    }),
  );
  node.on('signal', (signal) =>
    inTurn(async () => {
      const packed = await packSignal(signal, signal.type === 'answer' ? { answering: offer } : {});
      counted('Node', signal.type, packed);
      await page.evaluate((digits) => take(digits), Buffer.from(packed).toString('hex'));
    }),
  );
  const connected = once(node, 'connect');
  await page.evaluate(
    ({ initiator, trickle }) => {
      const digits = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      const peer = (window.peer = new SimplePeer({ initiator, trickle, config: { iceServers: [] } }));
      let offer;
      let line = Promise.resolve();
      peer.on('signal', (signal) => {
        line = line.then(async () => {
          const packed = await airshake.packSignal(signal, signal.type === 'answer' ? { answering: offer } : {});
          if (signal.type === 'offer') offer = packed;
          await say('signal', digits(packed));
        });
      });
      window.take = async (digits) => {
        const packed = Uint8Array.from(digits.match(/../g), (pair) => parseInt(pair, 16));
        const { answers, ...signal } = await airshake.unpackSignal(packed);
        if (signal.type === 'offer') offer = packed;
        if (signal.type === 'answer' && answers !== (await airshake.tagOf(offer))) throw new Error('not for us');
        peer.signal(signal);
      };
      window.connected = new Promise((resolve, reject) => peer.on('connect', resolve).on('error', reject));
      peer.on('data', (data) => say('data', new TextDecoder().decode(data)));
    },
    { initiator: initiator === 'page', trickle },
  );
  try {
    await Promise.all([connected, page.evaluate(() => connected)]);
    const answer = once(node, 'data');
    await page.evaluate(() => peer.send('from the page'));
    assert.equal(String((await answer)[0]), 'from the page');
    node.send('from Node');
    for (let wait = 0; wait < 100 && data.length === 0; wait++) await new Promise((r) => setTimeout(r, 50));
    assert.deepEqual(data, ['from Node']);
    console.log(sizes.join(', '));
    assert.equal(/[0-9a-f-]{36}\.local/.test(told), shown === 'names', told);
  } finally {
    node.destroy();
    await page.evaluate(() => peer.destroy());
  }
}

// One room: each page hears the other, and itself.
let folder;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'airshake-room-'));
  execFileSync(air, ['start', 'shared'], { env: { ...process.env, VIRTUAL_AUDIO_DIR: folder } });
});
after(() => {
  execFileSync(air, ['stop'], { env: { ...process.env, VIRTUAL_AUDIO_DIR: folder } });
  rmSync(folder, { recursive: true, force: true });
});

test('two pages with the chat of the example connect by sound in one room', { skip }, async () => {
  const path = '/examples/simple-peer/';
  const pages = await Promise.all(['A', 'B'].map((side) => open({ path, env: laptop(side, folder) })));
  const [one, two] = pages.map(({ page }) => page);
  try {
    await two.click('#second');
    await two.waitForFunction(() => document.querySelector('#state').textContent === 'listening');
    const begun = performance.now();
    await one.click('#first');
    for (const page of [one, two]) {
      await page.waitForFunction(() => document.querySelector('#state').textContent === 'connected', null, {
        timeout: 30_000,
      });
    }
    console.log(`connected ${((performance.now() - begun) / 1000).toFixed(1)} s after the click`);
    for (const [from, to, words] of [[one, two, 'good morning'], [two, one, 'and to you']]) {
      await from.fill('#input', words);
      await from.press('#input', 'Enter');
      await to.waitForFunction((words) => document.querySelector('#lines').textContent.includes(`they: ${words}`), words);
    }
    for (const { complaints } of pages) assert.deepEqual(complaints, []);
  } finally {
    await Promise.all(pages.map((page) => page.close()));
  }
});

after(() => setTimeout(() => process.exit(), 500).unref());
