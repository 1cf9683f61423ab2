// What can break while the page pairs: microphone, loudspeaker, worker, audio thread, engine,
// network. Each is told in words, with a way on; and the way on works.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { airshake, faults, launch, serve, state, visit } from './app.js';
import { air, laptop } from './browser.js';
import { pause, Program } from './pairing.js';

const pictures = process.env.AIRSHAKE_PICTURES;

let browser;
let server;
let host;
before(async () => {
  [browser, server] = await Promise.all([launch({ env: laptop('B'), args: ['--use-fake-ui-for-media-stream'] }), serve()]);
  host = await Host.before(server.url);
});
after(async () => {
  for (const program of Program.running) program.kill();
  await browser?.close();
  host?.stop();
  server?.stop();
});

/** A host that has the page's files, and something wrong with some of them. */
class Host {
  /** What is done to an answer, by the end of its path. @type {Map<string, (answer: {status: number, headers: object, body: Buffer}) => void>} */
  wrong = new Map();

  static async before(url) {
    const host = new Host();
    const server = createServer(async (request, response) => {
      const fetched = await fetch(new URL(request.url.slice(1), url));
      const body = Buffer.from(await fetched.arrayBuffer());
      const headers = { 'content-type': fetched.headers.get('content-type'), 'cache-control': 'no-store' };
      const answer = { status: fetched.status, headers, body };
      for (const [end, change] of host.wrong) if (request.url.endsWith(end)) change(answer);
      response.writeHead(answer.status, answer.headers);
      response.end(answer.body);
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    host.url = `http://localhost:${server.address().port}/`;
    host.stop = () => server.close();
    return host;
  }
}

/** Opens the page, from a host where that is wrong. */
async function opened(act, { wrong = {}, browser: other = browser } = {}) {
  host.wrong = new Map(Object.entries(wrong));
  const { page, context } = await visit(other, host.url);
  try {
    await act(page, context);
  } finally {
    await context.close();
  }
}

const begin = (page) => page.click('#begin button[type=submit]');
const speaking = (page) => page.waitForSelector('#looking-title:has-text("Speaking")');

/** Waits until the page says that it failed, and how; every failure can be read, and tried again. */
async function failed(page, title, words, seconds = 15) {
  await state(page, 'failed', seconds);
  assert.equal(await page.textContent('#failed-title'), title);
  assert.match(`${await page.textContent('#failed-words')} ${await page.textContent('#failed-detail')}`, words);
  assert.ok((await page.locator('#failed-advice li').count()) > 0);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'failed-title');
  assert.deepEqual(await faults(page), []);
  await photographed(page, `failed-${title.replace(/\W+/g, '-').toLowerCase()}`);
}

async function photographed(page, name) {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

/** Whatever was wrong is right again: from what is shown to four words. */
async function recovers(page) {
  const program = new Program('A', '--yes');
  await page.click('#again');
  await state(page, 'words');
  program.child.kill('SIGINT');
  await program.ended;
}

const missing = (answer) => (answer.status = 404);
/** Another text in place of one of a file's; it must be there. */
const instead = (from, to) => (answer) => {
  const text = answer.body.toString();
  assert.ok(text.includes(from), from);
  answer.body = Buffer.from(text.replace(from, to));
};

// --- the microphone

for (const [name, message, title] of [
  ['NotReadableError', 'Could not start audio source', 'The microphone does not answer'],
  ['NotFoundError', 'Requested device not found', 'There is no microphone'],
  ['NotAllowedError', 'Permission dismissed', 'The browser was not answered'],
  ['NotAllowedError', 'Permission denied by system', 'The system keeps the microphone from the browser'],
]) {
  test(`a microphone that is refused with “${message}” is told, and asked for again`, async () => {
    await opened(async (page) => {
      await page.evaluate(
        ([name, message]) => {
          const given = MediaDevices.prototype.getUserMedia;
          MediaDevices.prototype.getUserMedia = async () => {
            MediaDevices.prototype.getUserMedia = given;
            throw new DOMException(message, name);
          };
        },
        [name, message],
      );
      await begin(page);
      await failed(page, title, /\. *$/);
      await recovers(page);
    });
  });
}

test('a sound system that goes away ends it at once, and says so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'air-'));
  const run = (...words) => execFileSync(air, words, { env: { ...process.env, VIRTUAL_AUDIO_DIR: folder }, stdio: 'ignore' });
  let own;
  try {
    run('start', 'crossed');
    own = await launch({ env: laptop('B', folder), args: ['--use-fake-ui-for-media-stream'] });
    await opened(
      async (page) => {
        await begin(page);
        await speaking(page);
        run('stop');
        await failed(page, 'The microphone is gone', /unplugged/);
      },
      { browser: own },
    );
  } finally {
    await own?.close();
    run('stop');
    rmSync(folder, { recursive: true, force: true });
  }
});

// --- what works in the background

test('an audio thread that breaks down ends it, and the next try has a new one', async () => {
  const wrong = { '/worklet.js': instead('process([[mono]]) {', 'process([[mono]]) {\nif (currentTime > 1) throw new Error("broke");') };
  await opened(
    async (page) => {
      await begin(page);
      await failed(page, 'The sound engine stopped', /audio thread/);
      host.wrong.clear();
      await recovers(page);
    },
    { wrong },
  );
});

test('an audio thread that falls silent is noticed', async () => {
  const wrong = { '/worklet.js': instead('let taken = 0;', 'let taken = currentTime > 1 ? mono.length : 0;') };
  await opened(
    async (page) => {
      await begin(page);
      await failed(page, 'The sound engine stopped', /no sound arrives/i, 20);
    },
    { wrong },
  );
});

test('a worker that breaks down ends it, and the next try has a new one', async () => {
  const wrong = { '/src/worker.js': instead('let ear;', "let ear;\nsetTimeout(() => { throw new Error('broke'); }, 1000);") };
  await opened(
    async (page) => {
      await begin(page);
      await failed(page, 'The sound engine stopped', /broke/);
      host.wrong.clear();
      await recovers(page);
    },
    { wrong },
  );
});

for (const file of ['/src/worker.js', '/src/worklet.js']) {
  test(`a page without its ${file} says so`, async () => {
    await opened(
      async (page) => {
        await begin(page);
        await failed(page, 'The sound engine cannot be loaded', /cannot be loaded/);
        host.wrong.clear();
        await recovers(page);
      },
      { wrong: { [file]: missing } },
    );
  });
}

test('a page in the background, whose timers are late and which draws nothing, pairs all the same', async () => {
  await opened(async (page) => {
    await page.evaluate(() => {
      const soon = window.setTimeout;
      // As Chromium does to pages that nobody sees: once a second.
      window.setTimeout = (act, ms = 0, ...rest) => soon(act, 1000 * Math.ceil(Math.max(ms, 1) / 1000), ...rest);
      window.requestAnimationFrame = () => 0;
    });
    await begin(page);
    await speaking(page);
    await pause(5);
    const begun = performance.now();
    const program = new Program('A', '--yes');
    await state(page, 'words');
    console.log(`in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    await page.click('#same');
    await state(page, 'connected');
    program.say('hello');
    await page.waitForSelector('#chat .other:has-text("hello")');
    await program.leave();
  });
});

// --- the engine

test('an engine that is not there, or is none, is told; one of the wrong media type does', async () => {
  const none = (answer) => (answer.body = Buffer.from('<!doctype html>'));
  const plain = (answer) => (answer.headers['content-type'] = 'text/plain');
  const cannot = 'The sound engine cannot be loaded';
  await opened(async (page) => failed(page, cannot, /HTTP 404/), { wrong: { '.wasm': missing } });
  await opened(async (page) => failed(page, cannot, /cannot be loaded/), { wrong: { '.wasm': none } });
  await opened(
    async (page) => {
      await begin(page);
      await speaking(page);
    },
    { wrong: { '.wasm': plain } },
  );
});

test('a host whose headers forbid WebAssembly is told', async () => {
  const strict = (answer) => (answer.headers['content-security-policy'] = "script-src 'self'");
  await opened(async (page) => failed(page, 'The sound engine cannot be loaded', /WebAssembly/), { wrong: { '/': strict } });
});

// --- the network

test('a browser that may use no network for WebRTC is told', async () => {
  const shut = await launch({
    env: laptop('B'),
    args: ['--use-fake-ui-for-media-stream', '--webrtc-ip-handling-policy=disable_non_proxied_udp', '--force-webrtc-ip-handling-policy=disable_non_proxied_udp'],
  });
  try {
    await opened(
      async (page) => {
        await begin(page);
        await failed(page, 'The browser made no connection', /network/, 20);
      },
      { browser: shut },
    );
  } finally {
    await shut.close();
  }
});

// A computer on another network, within earshot: of a namespace of its own.
const ELSEWHERE = 'ip link add v0 type veth peer name v1 && ip addr add 10.77.0.1/24 dev v0 && ip link set v0 up && ip link set v1 up';
const elsewhere = spawnSync('unshare', ['-rn', 'sh', '-c', ELSEWHERE]).status === 0;

test('who is heard and cannot be reached is told about, with what to try', { skip: elsewhere ? false : 'no network namespaces here' }, async () => {
  await opened(async (page) => {
    const program = spawn('unshare', ['-rn', 'sh', '-c', `${ELSEWHERE} && exec "${airshake}" pair --json --yes`], { env: laptop('A'), stdio: ['pipe', 'ignore', 'ignore'] });
    try {
      await begin(page);
      // Who has tried all that there is to try ends with it; who may still be answered says so meanwhile.
      const told = await page.waitForFunction(
        () =>
          [
            ['goes on', '#looking-notices', 'Heard, but nothing came over the network yet'],
            ['ended', 'div[data-state=failed]', 'Heard, but the network does not let them talk'],
          ].find(([, where, words]) => document.querySelector(where).textContent.includes(words)),
        undefined,
        { timeout: 30_000 },
      );
      const [how, where] = await told.jsonValue();
      assert.match(await page.textContent(where), /hotspot/);
      await photographed(page, 'unreached');
      if (how === 'goes on') await page.click('#cancel');
      else await page.click('#change');
      await state(page, 'start');
    } finally {
      program.kill();
    }
  });
});

test('a page that nobody has touched may not play, and says so', async () => {
  const strict = await launch({ fake: true, args: ['--autoplay-policy=document-user-activation-required'] });
  try {
    const { page, context } = await visit(strict, server.url, { permissions: [] });
    // Not by evaluating, which counts as a touch.
    await page.addInitScript(() =>
      addEventListener('load', async () => {
        const { speak } = await import('./airshake/src/index.js');
        window.outcome = await speak('hello').then(
          () => 'played',
          (error) => error.name,
        );
      }),
    );
    await page.reload();
    await pause(3.5);
    assert.equal(await page.evaluate(() => window.outcome), 'AutoplayError');
    await context.close();
  } finally {
    await strict.close();
  }
});

test('a loudspeaker that is not there any more is told', async () => {
  await opened(async (page) => {
    await page.click('summary');
    await page.waitForFunction(() => document.querySelector('#loudspeaker').options.length > 1);
    await page.selectOption('#loudspeaker', { index: 1 });
    await page.evaluate(() => {
      AudioContext.prototype.setSinkId = () => Promise.reject(new DOMException('The requested device is not found', 'NotFoundError'));
    });
    await begin(page);
    await failed(page, 'The loudspeaker is not there', /cannot play/);
  });
});

test('who reloads the page while it is connected is asked first, and the other side told', async () => {
  await opened(async (page) => {
    const program = new Program('A', '--yes');
    await begin(page);
    await state(page, 'words');
    await page.click('#same');
    await state(page, 'connected');
    await page.fill('#line', 'one word');
    await page.keyboard.press('Enter');
    await program.said('one word');
    const asked = page.waitForEvent('dialog');
    const reloaded = page.reload();
    const dialog = await asked;
    assert.equal(dialog.type(), 'beforeunload');
    await dialog.accept();
    await reloaded;
    await state(page, 'start');
    assert.equal(await program.ended, 0);
    assert.equal((await program.event('closed')).reason, 'the other side left');
  });
});
