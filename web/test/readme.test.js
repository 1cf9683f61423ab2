// What README.md shows is run as it stands there; what needs a page, by `live/readme.test.js`.

import assert from 'node:assert/strict';
import { File } from 'node:buffer';
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as airshake from '../src/index.js';
import { count, inNode, inPage, snippet } from './snippets.js';

/** Runs a snippet in which these names mean something; gives what else it made. */
async function run(code, names, wanted = []) {
  const body = code.replace(/^import (\{.*?\}) from 'airshake';$/gm, 'const $1 = airshake;');
  const Async = (async () => {}).constructor;
  const act = new Async('airshake', ...Object.keys(names), `${body}\nreturn { ${wanted} };`);
  return act(airshake, ...Object.values(names));
}

test('every snippet is run by a test', () => {
  [...inNode, ...inPage].forEach(snippet);
  assert.equal(count, inNode.length + inPage.length);
});

test('the package is found by its name, and exports what it declares', async () => {
  assert.equal(await import('airshake'), airshake);
  const declared = readFileSync(new URL('../src/index.d.ts', import.meta.url), 'utf8');
  const names = [...declared.matchAll(/^export (?:class|function|const) (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual([...new Set(names)].sort(), Object.keys(airshake).sort());
});

test('the first snippet prints its own message', async () => {
  const lines = [];
  await run(snippet(inNode[0]), { console: { log: (...words) => lines.push(words) } });
  assert.equal(lines.length, 1);
  assert.equal(lines[0][0], 'the door code is 4711');
  assert.ok(lines[0][1] > 20, `${lines[0][1]} dB`);
});

test('the snippet of signals passes an answer to the own offer, and no other', async () => {
  const fixture = (name) => readFileSync(new URL(`../../tests/fixtures/signal/${name}`, import.meta.url), 'utf8');
  const asked = { type: 'offer', sdp: fixture('chromium-offer-mic.sdp') };
  const answered = { type: 'answer', sdp: fixture('chromium-answer.sdp') };
  const offer = await airshake.packSignal(asked);
  const mine = await airshake.packSignal(answered, { answering: offer });
  const others = await airshake.packSignal(answered, { answering: Uint8Array.from(offer, (byte) => 255 - byte) });
  for (const [bytes, expected] of [[mine, ['answer']], [others, []], [offer, ['offer']]]) {
    const taken = [];
    const sent = [];
    const peer = Object.assign(new EventEmitter(), { signal: ({ type }) => taken.push(type) });
    const told = new EventEmitter();
    await run(snippet(inNode[1]), { peer, offer, bytes, send: (packed) => (sent.push(packed), told.emit('sent')) });
    assert.deepEqual(taken, expected);
    for (const [signal, packed] of [[asked, offer], [answered, mine]]) {
      const over = once(told, 'sent');
      peer.emit('signal', signal);
      await over;
      assert.deepEqual(sent.pop(), packed);
    }
  }
});

test('the snippet of files gives what came, and sends what is chosen', async () => {
  const ends = {};
  const link = new EventTarget();
  const over = (other, onOffer) =>
    airshake.Transfers.over({ send: (message) => void queueMicrotask(() => ends[other].heard(message)) }, { onOffer });
  ends.here = await over('there', (detail) => link.dispatchEvent(Object.assign(new Event('files'), { detail })));
  ends.there = await over('here', (offer) => offer.accept());
  link.sendFiles = (files, options) => ends.here.send(files, options);
  const downloads = [];
  const { lost } = await run(
    snippet(inNode[2]),
    {
      link,
      confirm: (question) => question === '1 files, 5 bytes?',
      draw: () => {},
      addDownload: (path, url) => downloads.push([path, url.slice(0, 5)]),
      warn: assert.fail,
      input: { files: [new File(['chosen'], 'chosen.txt')] },
      stop: new AbortController(),
    },
    ['lost'],
  );
  assert.deepEqual(lost, []);
  await ends.there.send([new File(['given'], 'given.txt')]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(downloads, [['given.txt', 'blob:']]);
});
