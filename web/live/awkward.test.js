// Files that are awkward, between a page and the command line: many, badly named, changed while they
// are read; and a command line that is killed in the middle.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Page, Program, until } from './pairing.js';

const folder = mkdtempSync(join(tmpdir(), 'airshake-awkward-'));
/** So large that there is time to do something in the middle. */
const large = join(folder, 'large.bin');
const MEGABYTES = 120;

const MANY = 10_000;

let page;
before(async () => {
  writeFileSync(large, randomBytes(MEGABYTES * 1e6));
  page = await Page.open('B');
  await page.page.evaluate(() => {
    document.body.append(Object.assign(document.createElement('input'), { type: 'file', multiple: true }));
    window.chosen = () => [...document.querySelector('input').files];
    const told = ({ name, reason, message }) => ({ name, reason, message });
    window.send = (files, options) => link.sendFiles(files, options).catch(told);
    /** Accepts what is offered; of each that came, what it says. */
    window.accept = () => offer.accept().then((came) => Promise.all(came.map(async ({ path, ok, reason, blob }) => ({ path, ok, reason, text: await blob?.text() }))), told);
  });
});
after(async () => {
  rmSync(folder, { recursive: true, force: true });
  await page?.close();
});

/** The page and `airshake` with these words have a link. */
async function linked(...words) {
  const program = new Program('A', ...words);
  await page.pair();
  await page.has('link', 30);
  return program;
}

const hashOf = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');
const names = (count) => Array.from({ length: count }, (_, n) => `many/${n % 10}/file ${n}`);

test('names of every kind come into the page as names that can be shown, and all of them', async () => {
  const tree = join(folder, 'names');
  mkdirSync(join(tree, 'con'), { recursive: true });
  const awkward = [
    'two\nlines', 'tab\there', 'bell\x07', '\x1b[31mred', 'gnp\u202eexe.png', 'zero\u200bwidth', '<img src=x onerror=alert(1)>',
    '"quotes\' & co', 'back\\slash', 'c:colon', 'NUL.txt', 'con/aux', '-rf', ' spaces ', 'dots...', '...', '.hidden', '%2e%2e%2f',
    'caf\u00e9', 'cafe\u0301', '世界 🎵', 'x'.repeat(255), '*?|', '\u{e0001}tag', '\ufeffmark',
  ];
  for (const name of awkward) writeFileSync(join(tree, name), `in ${name}`);
  writeFileSync(Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0x66, 0xff, 0xfe])]), 'no name in Unicode');
  const program = await linked('send', '--yes', tree);
  await page.has('offer');
  const came = await page.page.evaluate(() => accept());
  await program.ended;
  assert.ok(came.every(({ ok }) => ok), JSON.stringify(came));
  assert.deepEqual(came.map(({ text }) => text).sort(), awkward.map((name) => `in ${name}`).sort());
  const paths = came.map(({ path }) => path);
  assert.equal(new Set(paths).size, paths.length, 'no two are alike');
  for (const path of paths) {
    // Nothing that breaks a line or turns the text around; no way up or out.
    assert.doesNotMatch(path, /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u, JSON.stringify(path));
    assert.ok(path.startsWith('names/') && !path.split('/').some((part) => ['', '.', '..'].includes(part)), JSON.stringify(path));
  }
  // The one whose name is not Unicode.
  assert.equal((await program.event('offering')).left_out, 1);
});

test(`${MANY} small files go into the page, and out of it`, async () => {
  const tree = join(folder, 'many');
  for (const name of names(MANY)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), name);
  }
  const sending = await linked('send', '--yes', tree);
  await page.has('offer', 30);
  const [seconds, wrong] = await page.page.evaluate(async () => {
    const begun = performance.now();
    const came = await accept();
    const right = ({ path, ok, text }) => ok && text === path;
    return [(performance.now() - begun) / 1000, Array.isArray(came) ? came.filter((one) => !right(one)).slice(0, 3).concat(came.length) : came];
  });
  assert.deepEqual(wrong, [MANY]);
  assert.equal(await sending.ended, 0, sending.err);
  console.log(`into the page: ${MANY} files in ${seconds.toFixed(1)} s`);

  const there = join(folder, 'there');
  const receiving = await linked('receive', '--yes', there);
  await page.has('wanted');
  const sent = await page.page.evaluate((names) => send(names.map((path) => ({ path, blob: new Blob([path]) }))), names(MANY));
  assert.deepEqual([sent.files, sent.lost], [MANY, []], JSON.stringify(sent));
  assert.equal(await receiving.ended, 0, receiving.err);
  console.log(`out of the page: ${MANY} files in ${sent.seconds.toFixed(1)} s`);
  for (const name of names(MANY)) assert.equal(readFileSync(join(there, name), 'utf8'), name);
});

for (const [what, change] of [
  ['grows', (path) => appendFileSync(path, 'more')],
  ['shrinks', (path) => truncateSync(path, 1000)],
  ['vanishes', (path) => rmSync(path)],
]) {
  test(`a file that ${what} while the page reads it is told of, and the next one arrives`, async () => {
    const there = join(folder, what);
    const [changing, next] = [join(folder, `${what}.bin`), join(folder, `${what}-next`)];
    writeFileSync(changing, randomBytes(MEGABYTES * 1e6));
    writeFileSync(next, 'next');
    const program = await linked('receive', '--yes', there);
    await page.page.setInputFiles('input', [changing, next]);
    const sent = page.page.evaluate(() => {
      window.moving = undefined;
      return send(chosen(), { onProgress: ({ bytes }) => (window.moving = bytes > 5e6 || undefined) });
    });
    await page.has('moving');
    change(changing);
    const { files, lost } = await sent;
    assert.deepEqual([files, lost?.map(({ path }) => path)], [1, [`${what}.bin`]], JSON.stringify(lost));
    console.log(`${what}: ${lost[0].words}`);
    assert.match(lost[0].words, /^it (cannot be read|changed while it was sent|is not there any more)$/);
    assert.equal(await program.ended, 1);
    assert.deepEqual(readdirSync(there).filter((name) => !name.startsWith('.')), [`${what}-next`]);
  });

  test(`a file that ${what} while the command line reads it is told of, and the next one arrives`, async () => {
    const changing = join(folder, `${what}.bin`);
    const next = join(folder, `${what}-next`);
    writeFileSync(changing, randomBytes(MEGABYTES * 1e6));
    const program = await linked('send', '--yes', changing, next);
    await page.has('offer');
    const came = page.page.evaluate(() => {
      window.moving = undefined;
      const onProgress = ({ bytes }) => (window.moving = bytes > 5e6 || undefined);
      return offer.accept({ onProgress }).then((came) => came.map(({ path, ok, words }) => ({ path, ok, words })));
    });
    // Whoever waits for it later hears of a failure all the same.
    came.catch(() => {});
    await page.has('moving');
    change(changing);
    const [first, second] = await came;
    rmSync(changing, { force: true });
    assert.equal(await program.ended, what === 'vanishes' && first.ok ? 0 : 1, program.err);
    // One that is open is there to its end, though its name be gone.
    if (what !== 'vanishes') assert.deepEqual([first.path, first.ok], [`${what}.bin`, false]);
    console.log(`${what}: ${first.words ?? 'came whole'}`);
    assert.deepEqual([second.path, second.ok], [`${what}-next`, true]);
  });
}

test('after a command line was killed in the middle the next one goes on where it was', async () => {
  const there = join(folder, 'killed');
  const first = await linked('receive', '--yes', there);
  await page.page.setInputFiles('input', [large]);
  const sent = page.page.evaluate(() => {
    window.moving = undefined;
    const total = chosen()[0].size;
    return send(chosen(), { onProgress: ({ bytes }) => (window.moving = bytes > total / 2 || undefined) });
  });
  await page.has('moving', 30);
  first.kill();
  await first.ended;
  assert.deepEqual(readdirSync(there).filter((name) => !name.startsWith('.')), [], 'nothing has its name yet');
  assert.equal((await sent).reason, 'closed');
  const second = await linked('receive', '--yes', there);
  const again = await page.page.evaluate(() => send(chosen()));
  assert.deepEqual([again.files, again.lost], [1, []], JSON.stringify(again));
  assert.equal(await second.ended, 0, second.err);
  const { moved } = await second.event('done');
  console.log(`the rest of ${MEGABYTES} MB: ${(moved / 1e6).toFixed(0)} MB`);
  assert.ok(moved < 0.6e6 * MEGABYTES, `${moved}`);
  await until(() => hashOf(join(there, 'large.bin')) === hashOf(large), 1, () => 'it differs');
});

test('no error was left uncaught', () => {
  assert.deepEqual(page.complaints, []);
});
