// The page people open, and the command line, within earshot: laptop B and laptop A of
// `script/virtual-audio`. Every state of the page is reached for real, and looked at for faults.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { writeWav } from '../src/index.js';
import { airshake, faults, launch, serve, state, visit } from './app.js';
import { laptop } from './browser.js';
import { pause, Program } from './pairing.js';

const pictures = process.env.AIRSHAKE_PICTURES;

let browser;
let server;
let folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'airshake-app-'));
  [browser, server] = await Promise.all([launch({ env: laptop('B'), args: ['--use-fake-ui-for-media-stream'] }), serve()]);
});
after(async () => {
  await browser?.close();
  server?.stop();
  if (folder) rmSync(folder, { recursive: true });
});

async function opened(act, options = {}) {
  const visited = await visit(options.browser ?? browser, server.url, options);
  try {
    await act(visited);
    assert.deepEqual(visited.complaints.filter((line) => !options.expected?.test(line)), []);
    for (const url of visited.asked) assert.ok(url.startsWith(server.url) || url.startsWith('blob:'), url);
  } finally {
    await visited.context.close();
  }
}

/** Looks at a state in every width, in light and in dark. */
async function lookedAt(page, name) {
  for (const width of [1280, 768, 320]) {
    await page.setViewportSize({ width, height: width < 500 ? 700 : 900 });
    for (const colorScheme of ['dark', 'light']) {
      await page.emulateMedia({ colorScheme });
      await pause(0.15);
      assert.deepEqual(await faults(page), [], `${name} ${width} ${colorScheme}`);
      if (!pictures) continue;
      mkdirSync(pictures, { recursive: true });
      await page.screenshot({ path: join(pictures, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
  }
  await page.setViewportSize({ width: 1280, height: 900 });
}

const words = (page) => page.$$eval('#words li', (each) => each.map(({ textContent }) => textContent));
const shown = (page, selector, text, seconds = 10) =>
  page.waitForFunction(([selector, text]) => document.querySelector(selector)?.textContent.includes(text), [selector, text], { timeout: 1000 * seconds });
const focus = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.tagName);

test('a page and a command line meet, compare words, talk, and part', async () => {
  await opened(async ({ page }) => {
    await page.click('#begin button[type=submit]');
    await state(page, 'looking');
    assert.equal(await focus(page), 'looking-title');
    // It speaks by itself.
    await shown(page, '#looking-title', 'Speaking');
    await pause(1);
    await lookedAt(page, 'looking');
    const program = new Program('A', '--yes');
    await state(page, 'words');
    const seen = await words(page);
    assert.deepEqual(seen, (await program.event('words')).words);
    assert.equal(seen.length, 4);
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Does the other screen show the same words?');
    await lookedAt(page, 'words');
    await page.click('#same');
    await state(page, 'connected');
    assert.equal(await focus(page), 'line');
    assert.match(await page.textContent('#connected-how'), /^By (one sound|two sounds), in \d+\.\d+ s\.$/);
    // The sign that somebody listens is out.
    program.say('hello from the terminal');
    await shown(page, '#chat .other', 'hello from the terminal');
    await page.keyboard.type('grüß dich\u202e, <b>friend</b>');
    await page.keyboard.press('Enter');
    await program.said('<b>friend</b>');
    await shown(page, '#chat .mine', '\\u{202e}');
    assert.equal(await page.locator('#chat b').count(), 0);
    await page.fill('#line', 'one\ntwo');
    await page.click('#say button');
    await program.said('two');
    program.say('Shall we move the meeting to four? I have the map ready, and would send it over now.');
    await shown(page, '#chat', 'move the meeting');
    await lookedAt(page, 'talking');
    assert.equal(await program.leave(), 0);
    await shown(page, '#end-notice', 'The other side left');
    assert.equal(await page.isVisible('#say'), false);
    assert.match(await page.textContent('#chat'), /hello from the terminal/);
    await lookedAt(page, 'ended');
    await page.click('#end-notice button');
    await state(page, 'start');
  });
});

/** Writes down in the page what a screen reader would say of itself: what is added to live regions. */
const announced = (page) =>
  page.evaluate(() => {
    window.announced = [];
    const live = (element) => {
      const region = element?.closest('[aria-live], [role=status], [role=alert], [role=log]');
      return region && region.getAttribute('aria-live') !== 'off' && region.checkVisibility() ? region : undefined;
    };
    new MutationObserver((changes) => {
      for (const { target, addedNodes } of changes) {
        for (const node of addedNodes) {
          // A region that comes with its text is told too.
          const own = node instanceof Element ? [node, ...node.querySelectorAll('*')].find((each) => live(each)) : undefined;
          if (live(target instanceof Element ? target : target.parentElement) || own) window.announced.push(node.textContent.trim());
        }
      }
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
  });

test('whoever only hears the page is told of every step, and of none twice', async () => {
  await opened(async ({ page }) => {
    await announced(page);
    await page.click('#begin button[type=submit]');
    await shown(page, '#looking-title', 'Speaking');
    const program = new Program('A', '--yes');
    await state(page, 'words');
    const seen = await words(page);
    await page.click('#same');
    await state(page, 'connected');
    program.say('hello');
    await shown(page, '#chat .other', 'hello');
    await program.leave();
    await shown(page, '#end-notice', 'The other side left');
    const told = (await page.evaluate(() => window.announced)).filter((text) => text !== '');
    const count = (text) => told.filter((each) => each.includes(text)).length;
    for (const text of [...seen, 'Looking for somebody', 'Connecting over the network', 'hello', 'The other side left']) {
      assert.equal(count(text), 1, `${text}: ${JSON.stringify(told)}`);
    }
    assert.deepEqual(told.filter((text, i) => text === told[i - 1]), []);
  });
});

test('from the button to goodbye with the keyboard alone', async () => {
  await opened(async ({ page }) => {
    const program = new Program('A', '--yes');
    const press = (key) => page.keyboard.press(key);
    const outlined = () =>
      page.evaluate(() => {
        const { activeElement: element } = document;
        const seen = element.matches('.unseen') ? element.nextElementSibling : element;
        return getComputedStyle(seen).outlineStyle !== 'none' && seen.checkVisibility();
      });
    /** Goes on until that has the focus, which is seen wherever it is. */
    const tabTo = async (id) => {
      for (let i = 0; i < 12; i++) {
        await press('Tab');
        assert.ok(await outlined(), await focus(page));
        if ((await focus(page)) === id) return;
      }
      assert.fail(`no way to ${id}`);
    };
    for (let i = 0; i < 4; i++) await press('Tab');
    await press('Enter');
    await state(page, 'words');
    await tabTo('same');
    await press('Enter');
    await state(page, 'connected');
    await page.keyboard.type('by keys');
    await press('Enter');
    await program.said('by keys');
    await tabTo('choose');
    await tabTo('leave');
    await press('Enter');
    await shown(page, '#end-notice', 'Pair again');
    await press('Tab');
    await press('Enter');
    await state(page, 'start');
    assert.equal(await program.ended, 0);
  });
});

test('Escape stops looking, also while the browser still asks for the microphone', async () => {
  await opened(async ({ page }) => {
    await page.click('#begin button[type=submit]');
    await shown(page, '#looking-title', 'Speaking');
    await page.keyboard.press('Escape');
    await state(page, 'start');
    await page.evaluate(() => {
      window.tracks = [];
      const given = MediaDevices.prototype.getUserMedia;
      MediaDevices.prototype.getUserMedia = async function late(wish) {
        await new Promise((resolve) => (window.allow = resolve));
        const stream = await given.call(this, wish);
        window.tracks.push(...stream.getTracks());
        return stream;
      };
    });
    await page.click('#begin button[type=submit]');
    await shown(page, '#looking-title', 'Allow the microphone');
    await lookedAt(page, 'asking');
    await page.keyboard.press('Escape');
    await state(page, 'start');
    // Allowed too late, it is given back.
    await page.evaluate(() => window.allow());
    await page.waitForFunction(() => window.tracks.length === 1 && window.tracks[0].readyState === 'ended');
  });
});

/** Another command as laptop A; resolves with its exit code. */
function asA(...command) {
  const child = spawn(airshake, command, { env: laptop('A'), stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (data) => (said += data));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, said })));
}

/** Pairs with whatever laptop A runs, and accepts. */
async function met(page) {
  await page.click('#begin button[type=submit]');
  await state(page, 'words');
  await page.click('#same');
  await state(page, 'connected');
}

test('what the page sends, `airshake receive` has on its disk', async () => {
  await opened(async ({ page }) => {
    const receiving = asA('receive', '--yes', folder);
    await met(page);
    await shown(page, '#chat', 'waits for files');
    const bytes = randomBytes(3_000_000);
    const file = { name: 'from the page.bin', mimeType: 'application/octet-stream', buffer: bytes };
    await page.setInputFiles('#choose', [file, { ...file, name: 'second.txt', buffer: Buffer.from('two') }]);
    await shown(page, '#moves', 'sent, and checked there', 20);
    const { code, said } = await receiving;
    assert.equal(code, 0, said);
    assert.ok(readFileSync(join(folder, 'from the page.bin')).equals(bytes));
    assert.equal(readFileSync(join(folder, 'second.txt'), 'utf8'), 'two');
    await shown(page, '#end-notice', 'The other side left');
  });
});

test('what `airshake send` offers is asked about, and arrives as it was', async () => {
  await opened(async ({ page }) => {
    const theirs = join(folder, 'map.pdf');
    const map = randomBytes(2_212_345);
    writeFileSync(theirs, map);
    const sending = asA('send', '--yes', theirs);
    await met(page);
    await page.waitForSelector('#moves .ask');
    await lookedAt(page, 'offered');
    await page.click('#moves .ask button:has-text("Accept")');
    await shown(page, '#moves', 'received, and checked', 20);
    assert.equal((await sending).code, 0);
    await shown(page, '#end-notice', 'The other side left');
    await lookedAt(page, 'received');
    // What was received can still be kept.
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#moves a')]);
    assert.equal(download.suggestedFilename(), 'map.pdf');
    assert.ok(readFileSync(await download.path()).equals(map));
  });
});

test('what is refused is not sent, and the sender told', async () => {
  await opened(async ({ page }) => {
    const theirs = join(folder, 'unwanted.pdf');
    writeFileSync(theirs, randomBytes(1000));
    const sending = asA('send', '--yes', theirs);
    await met(page);
    await page.click('#moves .ask button:has-text("Refuse")');
    await shown(page, '#moves', 'refused');
    const { code, said } = await sending;
    assert.equal(code, 1);
    assert.match(said, /declined|refused/);
  });
});

test('words that differ end it, on both sides', async () => {
  await opened(async ({ page }) => {
    const program = new Program('A', '--yes');
    await page.click('#begin button[type=submit]');
    await state(page, 'words');
    await page.click('#differ');
    await state(page, 'failed');
    await shown(page, '#failed-title', 'The words differ');
    await lookedAt(page, 'differ');
    await page.click('#change');
    await state(page, 'start');
    assert.equal(await page.isVisible('#code'), true);
    assert.equal(await program.ended, 1);
    assert.match((await program.event('closed')).reason, /refused/);
  });
});

test('a side that goes away while words are compared is told', async () => {
  await opened(async ({ page }) => {
    const program = new Program('A', '--yes');
    await page.click('#begin button[type=submit]');
    await state(page, 'words');
    program.child.kill('SIGINT');
    await state(page, 'failed', 30);
    await lookedAt(page, 'gone');
    await program.ended;
  });
});

test('with the same code nobody compares anything, with another nobody gets in', async () => {
  await opened(async ({ page }) => {
    const program = new Program('A', '--yes', '--code', 'blue horse');
    await page.click('summary');
    await page.fill('#code', 'blue horse');
    await page.click('#begin button[type=submit]');
    await state(page, 'connected');
    await page.fill('#line', 'by code');
    await page.click('#say button');
    await program.said('by code');
    program.say('so it is');
    await shown(page, '#chat .other', 'so it is');
    await program.leave();
    await shown(page, '#end-notice', 'left');
    await page.click('#end-notice button');
    const stranger = new Program('A', '--yes', '--code', 'red horse');
    await page.click('#begin button[type=submit]');
    await state(page, 'failed', 40);
    await shown(page, '#failed-title', 'The other side did not prove itself');
    await lookedAt(page, 'stranger');
    assert.equal(await stranger.ended, 1);
  });
});

test('after a minute without anybody it says what was heard instead', async () => {
  const noise = join(folder, 'noise.wav');
  writeFileSync(noise, writeWav(new Float32Array(48000 * 62).map(() => 0.02 * (Math.random() - 0.5)), 48000));
  const fan = spawn('paplay', [noise], { env: laptop('A') });
  try {
    await opened(
      async ({ page }) => {
        await page.click('#begin button[type=submit]');
        await state(page, 'failed', 75);
        await shown(page, '#failed-title', 'Nobody was found');
        await shown(page, '#failed-advice', 'only a steady noise');
        await lookedAt(page, 'nobody');
      },
      { reducedMotion: 'reduce' },
    );
  } finally {
    fan.kill();
  }
});

test('stopping is possible at any time, and gives the microphone back', async () => {
  await opened(async ({ page }) => {
    await page.evaluate(() => {
      window.tracks = [];
      const given = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = async (wish) => {
        const stream = await given(wish);
        window.tracks.push(...stream.getTracks());
        return stream;
      };
    });
    await page.click('#begin button[type=submit]');
    await shown(page, '#looking-title', 'Speaking');
    await page.click('#cancel');
    await state(page, 'start');
    assert.deepEqual(await page.evaluate(() => window.tracks.map((track) => track.readyState)), ['ended']);
  });
});

test('a page and a page meet too', async () => {
  const other = await launch({ env: laptop('A'), args: ['--use-fake-ui-for-media-stream'] });
  try {
    await opened(async ({ page: one }) => {
      await opened(
        async ({ page: two }) => {
          await one.click('#begin button[type=submit]');
          await pause(1);
          await two.click('#begin button[type=submit]');
          await Promise.all([state(one, 'words', 40), state(two, 'words', 40)]);
          assert.deepEqual(await words(one), await words(two));
          await one.click('#same');
          await shown(one, '#words-how', 'Waiting for the other side');
          await two.click('#same');
          await Promise.all([state(one, 'connected'), state(two, 'connected')]);
          await one.fill('#line', 'page to page');
          await one.click('#say button');
          await shown(two, '#chat .other', 'page to page');
          await two.setInputFiles('#choose', { name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('a note') });
          await one.click('#moves .ask button:has-text("Accept")');
          await shown(one, '#moves', 'received, and checked');
          await shown(two, '#moves', 'sent, and checked there');
          await two.click('#leave');
          await shown(one, '#end-notice', 'The other side left');
        },
        { browser: other },
      );
    });
  } finally {
    await other.close();
  }
});

// --- what can fail before anything is heard

test('a microphone that is not allowed is told, with what to do', async () => {
  const plain = await launch({ fake: true });
  try {
    await opened(
      async ({ page }) => {
        await page.click('#begin button[type=submit]');
        await state(page, 'failed');
        await shown(page, '#failed-title', 'The microphone is not allowed');
        assert.equal(await focus(page), 'failed-title');
        await lookedAt(page, 'denied');
        await page.click('#again');
        await state(page, 'failed');
      },
      { browser: plain, permissions: [] },
    );
  } finally {
    await plain.close();
  }
});

test('a computer without a microphone is told so', async () => {
  const deaf = await launch({ env: { ...process.env, PULSE_SERVER: '/nowhere', ALSA_CONFIG_PATH: '/dev/null' }, args: ['--use-fake-ui-for-media-stream'] });
  try {
    await opened(
      async ({ page }) => {
        await page.click('#begin button[type=submit]');
        await state(page, 'failed');
        assert.match(await page.textContent('#failed-title'), /There is no microphone|does not answer/);
      },
      { browser: deaf },
    );
  } finally {
    await deaf.close();
  }
});

test('an address that browsers do not trust is told', async () => {
  const { page, context } = await visit(browser, server.url);
  // The same files under a name that is neither https nor this computer.
  await context.route('http://airshake.test/**', async (route) => {
    const { pathname } = new URL(route.request().url());
    await route.fulfill({ response: await route.fetch({ url: new URL(pathname.slice(1), server.url).href }) });
  });
  await page.goto('http://airshake.test/');
  await page.click('#begin button[type=submit]');
  await state(page, 'failed');
  assert.equal(await page.textContent('#failed-title'), 'No microphone at this address');
  // The page may still ask for its icon.
  await context.unrouteAll({ behavior: 'ignoreErrors' });
  await context.close();
});

test('a sound engine that cannot be loaded is told', async () => {
  const { page, context } = await visit(browser, server.url);
  await context.route('**/*.wasm', (route) => route.abort());
  await page.reload();
  await state(page, 'failed');
  await shown(page, '#failed-title', 'The sound engine cannot be loaded');
  await context.close();
});

test('a browser that goes on changing the sound is told, and used all the same', async () => {
  await opened(async ({ page }) => {
    await page.evaluate(() => {
      const given = MediaStreamTrack.prototype.getSettings;
      MediaStreamTrack.prototype.getSettings = function settings() {
        return { ...given.call(this), noiseSuppression: true };
      };
    });
    await page.click('#begin button[type=submit]');
    await shown(page, '#looking-notices', 'The browser changes what this microphone hears');
    await shown(page, '#looking-notices', 'Noise suppression.');
    await lookedAt(page, 'processed');
    await page.click('#cancel');
  });
});
