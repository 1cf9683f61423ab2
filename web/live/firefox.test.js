// The page in Firefox, where there is one: FIREFOX says which. Driven by WebDriver BiDi, which every
// Firefox speaks; nothing is downloaded.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { firefox } from 'playwright-core';
import { airshake, serve, state, visit } from './app.js';
import { laptop } from './browser.js';
import { pause, Program } from './pairing.js';

const binary = [process.env.FIREFOX, '/usr/bin/firefox', '/usr/bin/firefox-esr'].find((path) => path && existsSync(path));
const skip = binary ? false : 'no Firefox: apt-get install firefox-esr, or say FIREFOX=path';

let browser;
let server;
before(async () => {
  if (skip) return;
  const env = laptop('B');
  // It takes the default device of the sound server, whatever the environment says.
  execFileSync('pactl', ['set-default-source', env.PULSE_SOURCE], { env });
  execFileSync('pactl', ['set-default-sink', env.PULSE_SINK], { env });
  [browser, server] = await Promise.all([
    firefox.launch({
      channel: 'moz-firefox',
      executablePath: binary,
      env,
      // The question for the microphone is the browser's own, and cannot be answered by a test.
      firefoxUserPrefs: { 'media.navigator.permission.disabled': true, 'media.navigator.streams.fake': false },
    }),
    serve(),
  ]);
});
after(async () => {
  await browser?.close();
  server?.stop();
});

async function opened(act) {
  const visited = await visit(browser, server.url, { permissions: [] });
  try {
    await act(visited.page);
    // Of styles that the driver itself lays over the page, for a picture.
    assert.deepEqual(visited.complaints.filter((line) => !line.includes('inline style')), []);
  } finally {
    await visited.context.close();
  }
}

const shown = (page, selector, text, seconds = 10) =>
  page.waitForFunction(([selector, text]) => document.querySelector(selector)?.textContent.includes(text), [selector, text], { timeout: 1000 * seconds });

test('Firefox reads a sound file, and plays what it makes', { skip }, async () => {
  await opened(async (page) => {
    await page.click('nav a[data-part="sound-files"]');
    await page.setInputFiles('#sound', fileURLToPath(new URL('../../test-audio/golden/two-messages.wav', import.meta.url)));
    await shown(page, '#read', '2 messages');
    await page.fill('#text', 'made by Firefox');
    await page.click('#make button[type=submit]');
    await page.waitForSelector('#made .notice');
    // Its downloads cannot be watched: the sound is played, and heard by the other laptop.
    const hearing = asA('hear', '--count', '1', '--timeout', '15');
    await pause(1);
    await page.click('#made button');
    assert.equal(await hearing, 'made by Firefox\n');
  });
});

/** Runs the command line as laptop A; gives what it printed. */
function asA(...command) {
  return new Promise((resolve, reject) => {
    execFile(airshake, command, { env: laptop('A') }, (error, out) => (error ? reject(error) : resolve(out)));
  });
}

/** Compares the words, and says something both ways. */
async function talked(page, program) {
  await state(page, 'words');
  const words = await page.$$eval('#words li', (each) => each.map(({ textContent }) => textContent));
  assert.deepEqual(words, (await program.event('words')).words);
  await page.click('#same');
  await state(page, 'connected');
  program.say('hello from the terminal');
  await shown(page, '#chat .other', 'hello from the terminal');
  await page.fill('#line', 'hello from Firefox');
  await page.keyboard.press('Enter');
  await program.said('hello from Firefox');
  assert.equal(await program.leave(), 0);
  await shown(page, '#end-notice', 'The other side left');
}

test('Firefox and a command line that was there first meet', { skip }, async () => {
  await opened(async (page) => {
    const program = new Program('A', '--yes');
    await pause(0.5);
    await page.click('#begin button[type=submit]');
    await talked(page, program);
  });
});

test('Firefox that was there first, and has spoken, meets a command line', { skip }, async () => {
  await opened(async (page) => {
    await page.click('#begin button[type=submit]');
    await shown(page, '#looking-title', 'Speaking');
    await talked(page, new Program('A', '--yes'));
  });
});

test('files go from Firefox and to it, and are checked', { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'airshake-firefox-'));
  const map = join(folder, 'map.bin');
  writeFileSync(map, randomBytes(2_212_345));
  try {
    for (const [command, act, end] of [
      [['receive', '--yes', join(folder, 'there')], (page) => page.setInputFiles('#choose', map), 'sent, and checked there'],
      [['send', '--yes', map], (page) => page.click('#moves .ask button:has-text("Accept")'), 'received, and checked'],
    ]) {
      await opened(async (page) => {
        const program = asA(...command);
        await page.click('#begin button[type=submit]');
        await state(page, 'words');
        await page.click('#same');
        await state(page, 'connected');
        await act(page);
        await shown(page, '#moves', end, 20);
        await program;
      });
    }
    assert.ok(readFileSync(join(folder, 'there', 'map.bin')).equals(readFileSync(map)));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
