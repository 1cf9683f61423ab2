// What README.md shows for pages is run as it stands there.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { inPage, snippet } from '../test/snippets.js';
import { airshake, laptop, open } from './browser.js';
import { Program } from './pairing.js';

let browser;
before(async () => {
  browser = await open();
});
after(() => browser?.close());

/** Runs a snippet as a module in the page, where `airshake` is the package. */
const run = (page, code, names = {}) =>
  page.evaluate(
    async ({ code, names }) => {
      Object.assign(window, names);
      const at = new URL('/src/index.js', location);
      const module = new Blob([code.replace(/'airshake'/, `'${at}'`)], { type: 'text/javascript' });
      await import(URL.createObjectURL(module));
    },
    { code, names },
  );

test('the page listens and speaks as the snippet says', async () => {
  const hearing = spawn(airshake, ['hear', '--count', '1', '--timeout', '30'], { env: laptop('A') });
  let heard = '';
  hearing.stdout.on('data', (data) => (heard += data));
  const ended = new Promise((resolve) => hearing.on('close', resolve));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await browser.page.evaluate(() => {
    window.shown = [];
    window.show = (payload) => shown.push(new TextDecoder().decode(payload));
    window.warn = (words) => shown.push(words);
  });
  await run(browser.page, snippet(inPage[0]));
  assert.equal(await ended, 0);
  assert.equal(heard, 'hello from a page\n');
  // It hears the other laptop, not itself.
  assert.deepEqual(await browser.page.evaluate(() => shown), []);
});

test('a page and the command line pair as the snippet says', async () => {
  const program = new Program('A', '--yes');
  await browser.page.evaluate(() => {
    window.asked = [];
    window.shown = [];
    window.show = (what) => shown.push(what);
    window.ask = async (question) => asked.push(question);
  });
  await run(browser.page, snippet(inPage[1]));
  await program.said('hello from a page');
  assert.match((await browser.page.evaluate(() => asked))[0], /^Does the other screen show (\S+ ){3}\S+\?$/);
  program.say('hello from a terminal');
  await browser.page.waitForFunction(() => shown.includes('hello from a terminal'));
  assert.equal(await program.leave(), 0);
});

test('two pages connect by sound as the snippet says', async () => {
  const other = await open({ env: laptop('A') });
  try {
    const both = [browser.page, other.page];
    for (const page of both) await page.addScriptTag({ url: '/node_modules/simple-peer/simplepeer.min.js' });
    const code = snippet(inPage[2]).replace('const peer', 'const peer = window.peer');
    await Promise.all(both.map((page, i) => run(page, code, { initiator: i === 0 })));
    for (const page of both) assert.ok(await page.evaluate(() => peer.connected));
  } finally {
    await other.close();
  }
});
