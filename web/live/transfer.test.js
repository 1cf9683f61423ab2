// Files between a page and the command line, or another page, that met by sound: laptop A and
// laptop B of `script/virtual-audio`.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { laptop } from './browser.js';
import { airshake, Page, pause, Program, until } from './pairing.js';

const MEGABYTES = 20;
/** So large that there is time to do something in the middle. */
const HUGE = 120;

const folder = mkdtempSync(join(tmpdir(), 'airshake-transfer-'));
const large = join(folder, 'large.bin');
const huge = join(folder, 'huge.bin');

let page;
before(async () => {
  writeFileSync(large, randomBytes(MEGABYTES * 1e6));
  writeFileSync(huge, randomBytes(HUGE * 1e6));
  page = await Page.open('B');
  await helpers(page);
});
after(async () => {
  rmSync(folder, { recursive: true, force: true });
  await page?.close();
});

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const hashOf = (path) => sha256(readFileSync(path));

/** What the page needs for its files: somewhere to choose them, and hashes of what came. */
async function helpers({ page }) {
  await page.evaluate(() => {
    document.body.append(Object.assign(document.createElement('input'), { type: 'file', multiple: true }));
    window.chosen = () => [...document.querySelector('input').files];
    window.sha256 = async (blob) => {
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()));
      return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    };
    /** Accepts what is offered; what came, or why it did not. */
    window.accept = async (options) => {
      const begun = performance.now();
      const came = await offer.accept(options).catch(({ name, reason, message }) => ({ name, reason, message }));
      if (!Array.isArray(came)) return came;
      const seconds = (performance.now() - begun) / 1000;
      const files = came.map(async ({ path, size, ok, blob }) => ({ path, size, ok, hash: blob && (await sha256(blob)) }));
      return { seconds, files: await Promise.all(files) };
    };
    window.send = (files, options) => link.sendFiles(files, options).catch(({ name, reason, message }) => ({ name, reason, message }));
  });
}

/** The page and `airshake` with these words have a link. */
async function linked(...words) {
  const program = new Program('A', ...words);
  await page.pair();
  await page.has('link', 30);
  return program;
}

const rate = (bytes, seconds) => `${(bytes / 1e6 / seconds).toFixed(1)} MB/s`;

test('what the page sends `airshake receive` has on its disk', async () => {
  const there = join(folder, 'there');
  const program = await linked('receive', '--yes', there);
  await page.has('wanted');
  await page.page.setInputFiles('input', [large]);
  const sent = await page.page.evaluate(() =>
    send([
      ...chosen(),
      { path: 'folder/grüße 世界.txt', blob: new Blob(['hello']) },
      { path: 'folder/empty', blob: new Blob([]) },
      { path: 'nothing in it', folder: true },
    ]),
  );
  assert.deepEqual([sent.files, sent.lost], [3, []], JSON.stringify(sent));
  assert.equal(await program.ended, 0);
  console.log(`page to command line: ${rate(sent.bytes, sent.seconds)}`);
  assert.equal(hashOf(join(there, 'large.bin')), hashOf(large));
  assert.equal(readFileSync(join(there, 'folder/grüße 世界.txt'), 'utf8'), 'hello');
  assert.deepEqual([statSync(join(there, 'folder/empty')).size, readdirSync(join(there, 'nothing in it'))], [0, []]);
  assert.equal(Math.floor(statSync(join(there, 'large.bin')).mtimeMs), Math.floor(statSync(large).mtimeMs));
});

test('what `airshake send` sends the page has, and offers what it is named', async () => {
  const tree = join(folder, 'tree');
  mkdirSync(join(tree, 'deep'), { recursive: true });
  writeFileSync(join(tree, 'deep/small'), 'x');
  writeFileSync(join(tree, 'empty'), '');
  const program = await linked('send', '--yes', large, tree);
  await page.has('offer');
  const listed = await page.page.evaluate(() => offer.files);
  const expected = [['large.bin', MEGABYTES * 1e6, hashOf(large)], ['tree/deep/small', 1, sha256('x')], ['tree/empty', 0, sha256('')]];
  assert.deepEqual(listed, expected.map(([path, size]) => ({ path, size })));
  const { seconds, files } = await page.page.evaluate(() => accept());
  assert.deepEqual(files, expected.map(([path, size, hash]) => ({ path, size, ok: true, hash })));
  assert.equal(await program.ended, 0);
  console.log(`command line to page: ${rate(MEGABYTES * 1e6, seconds)}`);
});

test('nothing of what `airshake send` sends is lost on the way, which would take a second to be found out', async () => {
  const program = await linked('send', '--yes', huge);
  await page.has('offer');
  const { seconds, longest } = await page.page.evaluate(async () => {
    const begun = performance.now();
    let [longest, last] = [0, undefined];
    const onProgress = () => {
      const now = performance.now();
      [longest, last] = [Math.max(longest, now - (last ?? now)), now];
    };
    await offer.accept({ onProgress });
    return { seconds: (performance.now() - begun) / 1000, longest };
  });
  assert.equal(await program.ended, 0);
  console.log(`command line to page: ${rate(HUGE * 1e6, seconds)}, longest wait ${longest.toFixed(0)} ms`);
  // The shortest time after which SCTP sends again what nobody misses (RFC 9260, section 16: RTO.Min).
  assert.ok(longest < 1000, `${longest} ms`);
});

test('what the page declines is told to `airshake send`', async () => {
  const program = await linked('send', '--yes', large);
  await page.has('offer');
  await page.page.evaluate(() => offer.refuse());
  assert.equal(await program.ended, 1);
  assert.match(program.err, /the other side gave up: declined/);
});

test('a page that stopped in the middle goes on where it was', async () => {
  const there = join(folder, 'resumed');
  const first = await linked('receive', '--yes', there);
  await page.page.setInputFiles('input', [huge]);
  const stopped = await page.page.evaluate(() => {
    const stop = new AbortController();
    const onProgress = ({ bytes, total }) => bytes > total / 2 && stop.abort();
    return send(chosen(), { onProgress, signal: stop.signal });
  });
  assert.equal(stopped.name, 'AbortError');
  assert.equal(await first.ended, 1);
  assert.match(first.err, /the other side gave up: cancelled/);
  await page.leave();
  const second = await linked('receive', '--yes', there);
  const sent = await page.page.evaluate(() => send(chosen()));
  assert.deepEqual([sent.files, sent.lost], [1, []], JSON.stringify(sent));
  assert.equal(await second.ended, 0);
  const { moved } = await second.event('done');
  console.log(`the rest of ${HUGE} MB: ${(moved / 1e6).toFixed(0)} MB`);
  // It stopped at the half; what was told to it then was a little behind.
  assert.ok(moved < 0.6e6 * HUGE, `${moved}`);
  assert.equal(hashOf(join(there, 'huge.bin')), hashOf(huge));
  // And what is there already is not sent at all.
  const third = await linked('receive', '--yes', there);
  await page.page.evaluate(() => send(chosen()));
  assert.equal(await third.ended, 0);
  const { same, moved: nothing } = await third.event('done');
  assert.deepEqual([same, nothing], [1, 0]);
});

test('a command line that is killed in the middle is missed, either way', async () => {
  for (const words of [['receive', '--yes', join(folder, 'killed')], ['send', '--yes', huge]]) {
    const program = await linked(...words);
    await page.page.evaluate(() => {
      const onProgress = ({ bytes }) => (window.moving = bytes > 10e6 || undefined);
      window.moving = window.outcome = undefined;
      const end = (outcome) => (window.outcome = outcome);
      if (window.offer) return void accept({ onProgress }).then(end);
      link.addEventListener('files', () => accept({ onProgress }).then(end));
      link.addEventListener('wanted', () => send(chosen(), { onProgress }).then(end));
      if (window.wanted) send(chosen(), { onProgress }).then(end);
    });
    await page.has('moving');
    program.kill();
    const outcome = await page.has('outcome', 60);
    assert.equal(outcome.reason, 'closed', JSON.stringify(outcome));
    console.log(`${words[0]}: ${outcome.message}`);
  }
});

test('files move both ways while two chat', async (t) => {
  if (!existsSync('/usr/bin/script')) return t.skip('no `script`, which makes a terminal');
  const into = join(folder, 'chat');
  // Files are sent from a chat only at a terminal.
  const command = `${airshake} pair --yes --into ${into}`;
  const child = spawn('script', ['-qfec', command, '/dev/null'], { env: { ...laptop('A'), TERM: 'dumb' }, stdio: 'pipe' });
  let seen = '';
  child.stdout.on('data', (data) => (seen += data));
  const ended = new Promise((resolve) => child.on('close', resolve));
  const sees = (words) => until(() => seen.includes(words), 20, () => `not ${words} but ${seen}`);
  try {
    await page.pair();
    await page.has('link', 30);
    await sees('/help tells more');
    child.stdin.write(`/send ${large}\r`);
    await page.has('offer');
    await page.say('here I am');
    const { files } = await page.page.evaluate(() => accept());
    assert.equal(files[0].hash, hashOf(large));
    await sees('here I am');
    await sees('sent 1 file');
    await page.page.setInputFiles('input', [large]);
    const sent = page.page.evaluate(() => send(chosen()));
    await sees('Type y or n');
    child.stdin.write('y\r');
    assert.equal((await sent).files, 1);
    assert.equal(hashOf(join(into, 'large.bin')), hashOf(large));
    child.stdin.write('and here am I\r');
    await page.said('and here am I');
    await page.leave();
    assert.equal(await ended, 0);
  } finally {
    child.kill();
  }
});

test('two pages send each other files', async () => {
  const other = await Page.open('A');
  try {
    await helpers(other);
    await other.pair();
    await page.pair();
    await Promise.all([page.has('link', 30), other.has('link', 30)]);
    await page.page.setInputFiles('input', [large]);
    for (const [from, to] of [[page, other], [other, page]]) {
      if (from === other) await other.page.setInputFiles('input', [large]);
      const sent = from.page.evaluate(() => send(chosen()));
      await to.has('offer');
      const { files, seconds } = await to.page.evaluate(() => accept());
      assert.equal(files[0].hash, hashOf(large));
      assert.equal((await sent).files, 1);
      console.log(`page to page: ${rate(MEGABYTES * 1e6, seconds)}`);
    }
    await page.leave();
  } finally {
    await other.close();
  }
});

test('a page that is closed in the middle is told of', async () => {
  const own = await Page.open('B');
  await helpers(own);
  const keep = page;
  page = own;
  try {
    const program = await linked('send', '--yes', huge);
    await own.has('offer');
    await own.page.evaluate(() => void accept());
    await pause(0.5);
    await own.page.close({ runBeforeUnload: false });
    assert.equal(await program.ended, 1);
    assert.match(program.err, /left|gone|closed/);
  } finally {
    page = keep;
    await own.close();
  }
});

test('no error was left uncaught', () => {
  assert.deepEqual(page.complaints, []);
});
