// The page people open, in Chromium, as `airshake web` serves it. Without sound: what needs a
// microphone uses the browser's own fake one, or none.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decode, encodeWav, readWav, writeWav } from '../src/index.js';
import { faults, launch, serve, visit } from './app.js';

const recording = (name) => fileURLToPath(new URL(`../../test-audio/${name}`, import.meta.url));
/** Where pictures of the states are laid, if somebody wants to look at them. */
const pictures = process.env.AIRSHAKE_PICTURES;

let browser;
let server;
before(async () => {
  [browser, server] = await Promise.all([launch({ fake: true, args: ['--use-fake-ui-for-media-stream'] }), serve()]);
});
after(async () => {
  await browser?.close();
  server?.stop();
});

/** Opens the page for one test. */
async function opened(act, options) {
  const visited = await visit(browser, server.url, options);
  try {
    await act(visited);
    assert.deepEqual(visited.complaints, []);
    for (const url of visited.asked) assert.ok(url.startsWith(server.url) || url.startsWith('blob:'), url);
  } finally {
    await visited.context.close();
  }
}

async function picture(page, name) {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

/** Gives the page a file, as if it had been chosen. */
const choose = (page, name, bytes) => page.setInputFiles('#sound', { name, mimeType: 'audio/wav', buffer: Buffer.from(bytes) });
const readOut = async (page) => {
  await page.waitForSelector('#read:not([hidden])', { timeout: 60_000 });
  return page.textContent('#read');
};

test('every part of the page can be used by everybody, at any width, in light and in dark', async () => {
  for (const width of [320, 768, 1280]) {
    for (const scheme of ['light', 'dark']) {
      await opened(
        async ({ page }) => {
          assert.deepEqual(await faults(page), [], `start ${width} ${scheme}`);
          await picture(page, `start-${width}-${scheme}`);
          await page.click('summary');
          assert.deepEqual(await faults(page), [], `options ${width} ${scheme}`);
          await picture(page, `options-${width}-${scheme}`);
          await page.click('nav a[data-part="sound-files"]');
          await page.fill('#text', 'the door code is 4711');
          await page.click('#make button[type=submit]');
          await page.waitForSelector('#made .notice');
          await page.setInputFiles('#sound', recording('golden/two-messages.wav'));
          await readOut(page);
          assert.deepEqual(await faults(page), [], `files ${width} ${scheme}`);
          await picture(page, `files-${width}-${scheme}`);
        },
        { width, scheme },
      );
    }
  }
});

test('everything can be reached and seen with the keyboard alone, in the order of the page', async () => {
  await opened(async ({ page }) => {
    const focused = () =>
      page.evaluate(() => {
        const { activeElement: element } = document;
        const outlined = [element, element.previousElementSibling].some((each) => each && getComputedStyle(each).outlineStyle !== 'none');
        return { id: element.id || element.className || element.textContent.trim(), outlined };
      });
    const order = [];
    for (let i = 0; i < 5; i++) {
      await page.keyboard.press('Tab');
      const { id, outlined } = await focused();
      assert.ok(outlined, id);
      order.push(id);
    }
    assert.deepEqual(order.slice(0, 4), ['skip', 'Pair', 'Sound files', 'primary big']);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    assert.equal((await focused()).id, 'volume');
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.textContent('#volume-out'), '85 %');
  });
});

test('a sound file gives its messages, each to be saved as it was', async () => {
  await opened(async ({ page }) => {
    await page.click('nav a[data-part="sound-files"]');
    await page.setInputFiles('#sound', recording('golden/two-messages.wav'));
    const text = await readOut(page);
    assert.match(text, /2 messages/);
    assert.match(text, /first/);
    assert.match(text, /second/);
    assert.match(text, /audible · 1 pass · SNR \d+\.\d dB/);
    assert.match(await page.getAttribute('#read canvas', 'aria-label'), /2 bursts read/);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('text=Save')]);
    assert.equal(download.suggestedFilename(), 'message-1.txt');
    assert.equal(readFileSync(await download.path(), 'utf8'), 'first');
  });
});

test('any bytes come through as they are, shown as text only where they are text', async () => {
  await opened(async ({ page }) => {
    await page.click('nav a[data-part="sound-files"]');
    const payload = Uint8Array.from({ length: 256 }, (_, i) => i);
    await choose(page, 'all-bytes.wav', await encodeWav(payload));
    assert.match(await readOut(page), /00 01 02 03/);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('text=Save')]);
    assert.equal(download.suggestedFilename(), 'message-1.bin');
    assert.deepEqual([...readFileSync(await download.path())], [...payload]);
  });
});

test('markup in a message and in the name of a file stays text', async () => {
  await opened(async ({ page }) => {
    await page.click('nav a[data-part="sound-files"]');
    const evil = '<img src=x onerror=alert(1)><b id=evil>bold</b>';
    await choose(page, '<b id=evil2>.wav', await encodeWav(evil));
    assert.ok((await readOut(page)).includes(evil));
    assert.equal(await page.locator('#evil, #evil2, #read img').count(), 0);
  });
});

test('sound files that are not WAV are read by the browser’s own decoders', async () => {
  for (const name of ['formats/mp3-44100-mono.mp3', 'formats/vorbis-44100-mono.ogg', 'formats/flac-24bit-44100-stereo.flac']) {
    await opened(async ({ page }) => {
      await page.click('nav a[data-part="sound-files"]');
      await page.setInputFiles('#sound', recording(name));
      assert.match(await readOut(page), /0\.5\d s of sound at 48,000 Hz, -\d+ dBFS/, name);
    });
  }
});

test('what a browser records is read, although it does not say how long it is', async () => {
  await opened(async ({ page }) => {
    await page.click('nav a[data-part="sound-files"]');
    const wav = await encodeWav('on a tape', { profile: 'phone', passes: 2 });
    await page.evaluate(async (bytes) => {
      const context = new AudioContext({ sampleRate: 48000 });
      const sound = await context.decodeAudioData(Uint8Array.from(bytes).buffer);
      const tape = context.createMediaStreamDestination();
      const source = new AudioBufferSourceNode(context, { buffer: sound });
      source.connect(tape);
      const recorder = new MediaRecorder(tape.stream);
      const parts = [];
      recorder.ondataavailable = ({ data }) => parts.push(data);
      const recorded = new Promise((resolve) => (recorder.onstop = resolve));
      recorder.start();
      await new Promise((resolve) => setTimeout(resolve, 300));
      source.start();
      await new Promise((resolve) => (source.onended = resolve));
      await new Promise((resolve) => setTimeout(resolve, 300));
      recorder.stop();
      await recorded;
      const transfer = new DataTransfer();
      transfer.items.add(new File(parts, 'tape.webm', { type: recorder.mimeType }));
      const input = document.querySelector('#sound');
      input.files = transfer.files;
      input.dispatchEvent(new Event('change'));
    }, [...wav]);
    assert.match(await readOut(page), /on a tape/);
  });
});

test('a sound without a message says why, and what to do', async () => {
  await opened(async ({ page }) => {
    await page.click('nav a[data-part="sound-files"]');
    const noise = new Float32Array(48000 * 5).map(() => 0.05 * (Math.random() - 0.5));
    await choose(page, 'noise.wav', writeWav(noise, 48000));
    const text = await readOut(page);
    assert.match(text, /No message in it/);
    assert.match(text, /only a steady noise/);
    assert.match(text, /Check that the other side plays/);
    assert.deepEqual(await faults(page), []);
    await picture(page, 'nothing-heard-1280-light');
  });
});

test('what is no sound, empty or too large is refused with both numbers, and the page goes on', async () => {
  await opened(async ({ page }) => {
    await page.click('nav a[data-part="sound-files"]');
    await choose(page, 'letter.wav', Buffer.from('Dear sir or madam'));
    assert.match(await readOut(page), /This browser knows no such sound/);
    await choose(page, 'empty.wav', new Uint8Array());
    await page.waitForFunction(() => document.querySelector('#read').textContent.includes('It is empty'));
    await page.evaluate(() => {
      const bytes = new Uint8Array(70_000_000);
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], 'large.wav'));
      const input = document.querySelector('#sound');
      input.files = transfer.files;
      input.dispatchEvent(new Event('change'));
    });
    await page.waitForFunction(() => document.querySelector('#read').textContent.includes('70.0 MB, and at most 64.0 MB'));
    // Small, and too long all the same: half an hour and 100 s.
    await page.evaluate(async (rate) => {
      const bytes = new Uint8Array(44 + 2 * rate * 1900);
      const view = new DataView(bytes.buffer);
      const name = (at, text) => bytes.set(new TextEncoder().encode(text), at);
      name(0, 'RIFF'), name(8, 'WAVEfmt '), name(36, 'data');
      view.setUint32(16, 16, true), view.setUint16(20, 1, true), view.setUint16(22, 1, true);
      view.setUint32(24, rate, true), view.setUint16(32, 2, true), view.setUint16(34, 16, true);
      view.setUint32(40, bytes.length - 44, true);
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], 'long.wav'));
      const input = document.querySelector('#sound');
      input.files = transfer.files;
      input.dispatchEvent(new Event('change'));
    }, 8000);
    await page.waitForFunction(() => /31 min 40 s of sound are too long: at most 30 min 0 s/.test(document.querySelector('#read').textContent), undefined, { timeout: 30_000 });
    await page.setInputFiles('#sound', recording('golden/hello.wav'));
    await page.waitForFunction(() => document.querySelector('#read').textContent.includes('1 message'));
  });
});

test('files of any bits harm nothing', async () => {
  await opened(async ({ page }) => {
    await page.click('nav a[data-part="sound-files"]');
    const wav = await encodeWav('hello');
    for (let round = 0; round < 12; round++) {
      const bytes = wav.slice(0, round % 3 === 0 ? 44 + round * 100 : wav.length);
      for (let i = 0; i < 40; i++) bytes[(i * 7919 + round * 104_729) % (round % 2 ? 60 : bytes.length)] ^= (round * 31 + i) & 255;
      await page.evaluate(() => (document.querySelector('#read').hidden = true));
      await choose(page, `broken-${round}.wav`, bytes);
      await readOut(page);
    }
    await page.setInputFiles('#sound', recording('golden/hello.wav'));
    await page.waitForFunction(() => document.querySelector('#read').textContent.includes('1 message'));
  });
});

test('reading a long sound leaves the page alive, and can be stopped', async () => {
  await opened(async ({ page }) => {
    await page.click('nav a[data-part="sound-files"]');
    await page.evaluate(() => {
      window.longest = 0;
      let last = performance.now();
      setInterval(() => {
        window.longest = Math.max(window.longest, performance.now() - last);
        last = performance.now();
      }, 5);
    });
    const noise = new Float32Array(48000 * 300).map((_, i) => 0.1 * Math.sin(i * i));
    await choose(page, 'long.wav', writeWav(noise, 48000));
    await page.waitForSelector('#reading:not([hidden])');
    await page.evaluate(() => (window.longest = 0));
    await page.waitForFunction(() => document.querySelector('#reading-bar').value > 0.05);
    await page.click('#reading-stop');
    assert.match(await readOut(page), /Stopped/);
    const longest = await page.evaluate(() => window.longest);
    // Other programs may take the processor away for a moment.
    assert.ok(longest < 500, `${longest} ms`);
  });
});

test('what is typed becomes a file that the modem reads, and sounds', async () => {
  await opened(async ({ page }) => {
    await page.click('nav a[data-part="sound-files"]');
    await page.fill('#text', 'grüß dich');
    await page.selectOption('#make-profile', 'phone');
    await page.fill('#passes', '2');
    await page.click('#make button[type=submit]');
    await page.waitForSelector('#made .notice');
    assert.match(await page.textContent('#made'), /11 bytes in \d\.\d\d s of sound, phone/);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('text=Save as WAV')]);
    assert.equal(download.suggestedFilename(), 'airshake-phone.wav');
    const { samples, rate } = readWav(new Uint8Array(readFileSync(await download.path())));
    const [message] = await decode(samples, rate);
    assert.equal(new TextDecoder().decode(message.payload), 'grüß dich');
    assert.equal(message.profile, 'phone');
    await page.click('#made button');
    await page.waitForFunction(() => [...document.querySelectorAll('#made button')].some(({ textContent }) => textContent === 'Stop'));
    await page.waitForFunction(() => [...document.querySelectorAll('#made button')].some(({ textContent }) => textContent === 'Play'), undefined, { timeout: 15_000 });
  });
});

test('a message that is too long is not begun', async () => {
  await opened(async ({ page }) => {
    await page.click('nav a[data-part="sound-files"]');
    await page.evaluate(() => {
      const text = document.querySelector('#text');
      text.value = 'x'.repeat(70_000);
      text.dispatchEvent(new Event('input'));
    });
    assert.equal(await page.textContent('#text-size'), '70,000 of 65,536 bytes');
    await page.click('#make button[type=submit]');
    assert.equal(await page.evaluate(() => document.querySelector('#text').validationMessage), 'a message has at most 65,536 bytes, and this has 70,000');
    assert.equal(await page.textContent('#made'), '');
    // Sixteen times six minutes.
    await page.fill('#text', 'x'.repeat(60_000));
    await page.fill('#passes', '16');
    await page.click('#make button[type=submit]');
    await page.waitForSelector('#made .notice.bad', { timeout: 60_000 });
    assert.match(await page.textContent('#made'), /and at most 30 min 0 s are made here/);
  });
});

test('going back is going to the part before, and the focus goes along', async () => {
  await opened(async ({ page }) => {
    await page.click('nav a[data-part="sound-files"]');
    await page.waitForFunction(() => document.activeElement.textContent === 'Sound files');
    await page.goBack();
    await page.waitForFunction(() => document.activeElement.textContent === 'Shake hands by sound');
    assert.equal(await page.getAttribute('nav a[data-part="pair"]', 'aria-current'), 'page');
  });
});
