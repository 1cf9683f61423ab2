// A Chromium with a page that has the package, served from this folder.

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { chromium } from 'playwright-core';

const root = new URL('..', import.meta.url);
const types = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

export const binary = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path && existsSync(path));

/** Opens the page; `close` ends all of it. */
export async function open() {
  const server = createServer(async (request, response) => {
    try {
      const { pathname } = new URL(request.url, 'http://page');
      const bytes = await readFile(new URL(`.${pathname}`, root));
      response.writeHead(200, { 'content-type': types[extname(pathname)] ?? 'text/plain' });
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({
    executablePath: binary,
    // Without its muting the page would play into nothing.
    ignoreDefaultArgs: ['--mute-audio'],
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--autoplay-policy=no-user-gesture-required',
      '--use-fake-ui-for-media-stream',
    ],
  });
  const context = await browser.newContext({ permissions: ['microphone'] });
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`http://127.0.0.1:${server.address().port}/live/page.html`);
  await page.waitForFunction(() => window.airshake);
  return {
    page,
    /** Errors that nobody caught. */
    complaints,
    close: async () => {
      await browser.close();
      server.close();
    },
  };
}
