// The examples do what they say.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { skip } from './wanted.js';

const example = (name) => fileURLToPath(new URL(`../examples/simple-peer/${name}`, import.meta.url));

/** A program, and what it has printed. */
function start(folder, ...words) {
  const child = spawn(process.execPath, [example('files.js'), ...words], { cwd: folder });
  const out = { text: '', err: '' };
  const waiting = new Set();
  const grow = (name) => (data) => {
    out[name] += data;
    waiting.forEach((look) => look());
  };
  child.stdout.on('data', grow('text'));
  child.stderr.on('data', grow('err'));
  const prints = (name, words) =>
    new Promise((resolve, reject) => {
      const look = () => out[name].includes(words) && (clearTimeout(timer), waiting.delete(look), resolve());
      const timer = setTimeout(() => reject(new Error(`no ${words}: ${out.text}${out.err}`)), 20_000);
      waiting.add(look);
      look();
    });
  return { child, prints, out };
}

test('two programs connect by WAV files and chat', { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'airshake-files-'));
  const one = start(folder, 'offer.wav', 'answer.wav', '--begin');
  const two = start(folder, 'answer.wav', 'offer.wav');
  try {
    await Promise.all([one.prints('err', 'connected'), two.prints('err', 'connected')]);
    one.child.stdin.write('good morning\n');
    await two.prints('text', 'good morning\n');
    two.child.stdin.write('and to you\n');
    await one.prints('text', 'and to you\n');
    for (const { out } of [one, two]) {
      const bytes = Number(out.err.match(/of (\d+) bytes/)[1]);
      assert.ok(bytes <= 90, `${bytes}`);
    }
    // 16 bit, 48 kHz: less than a second of sound.
    assert.ok(statSync(join(folder, 'offer.wav')).size < 96_044);
  } finally {
    one.child.kill();
    two.child.kill();
    rmSync(folder, { recursive: true });
  }
});

test('the chat needs five lines for its signalling', () => {
  const chat = readFileSync(example('chat.js'), 'utf8');
  assert.deepEqual(chat.match(/^ *\/\* \d \*\//gm)?.map((mark) => Number(mark.match(/\d/))), [1, 2, 3, 4, 5]);
  // Nothing of a server is left.
  assert.doesNotMatch(chat.replace(/\/\/.*/g, ''), /on\('signal'|peer\.signal\(|WebSocket|fetch\(/);
});
