// A Chromium with a page that has the package, served from this folder.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = new URL('..', import.meta.url);
const types = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};

export const binary = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path && existsSync(path));

/** The script that makes the air between two laptops. */
export const air = fileURLToPath(new URL('../../script/virtual-audio', import.meta.url));

/** The command line that is tested. */
export const airshake = process.env.AIRSHAKE ?? fileURLToPath(new URL('../../target/debug/airshake', import.meta.url));

/** What makes a program run as laptop A or B of the air in a folder, or of the one that is there. */
export function laptop(side, folder = process.env.VIRTUAL_AUDIO_DIR) {
  const env = { ...process.env, ...(folder && { VIRTUAL_AUDIO_DIR: folder }) };
  const lines = execFileSync(air, ['env', side], { env, encoding: 'utf8' });
  for (const [, name, value] of lines.matchAll(/^export (\w+)='(.*)'$/gm)) env[name] = value;
  return env;
}

/** How a browser is started that may play, as the laptop in `env` if there is one. */
export function launching(args, env) {
  return {
    executablePath: binary,
    ...(env && { env }),
    // Without its muting the page would play into nothing.
    ignoreDefaultArgs: ['--mute-audio'],
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', ...args],
  };
}

/**
 * Opens a page; `close` ends all of it.
 *
 * @param {object} [options]
 * @param {string} [options.path] which page, `/live/page.html` if not given
 * @param {boolean} [options.microphone] whether it may use the microphone: true if not given. Without,
 *   Chromium tells names in place of addresses
 * @param {Record<string, string>} [options.env] as which {@link laptop}; as this process if not given
 * @param {boolean} [options.disk] whether the page has a disk: false if not given. Without, the browser
 *   only imitates one, in memory
 */
export async function open({ path = '/live/page.html', microphone = true, env, disk = false } = {}) {
  const server = createServer(async (request, response) => {
    try {
      const { pathname } = new URL(request.url, 'http://page');
      const file = pathname.endsWith('/') ? `${pathname}index.html` : pathname;
      const bytes = await readFile(new URL(`.${file}`, root));
      response.writeHead(200, { 'content-type': types[extname(file)] ?? 'text/plain' });
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const settings = launching(
    ['--autoplay-policy=no-user-gesture-required', ...(microphone ? ['--use-fake-ui-for-media-stream'] : [])],
    env,
  );
  const permissions = microphone ? ['microphone'] : [];
  const folder = disk && (await mkdtemp(join(tmpdir(), 'airshake-page-')));
  const browser = await (disk
    ? chromium.launchPersistentContext(folder, { ...settings, permissions })
    : chromium.launch(settings));
  const context = disk ? browser : await browser.newContext({ permissions });
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`http://127.0.0.1:${server.address().port}${path}`);
  if (path === '/live/page.html') await page.waitForFunction(() => window.airshake);
  return {
    browser,
    page,
    /** Errors that nobody caught. */
    complaints,
    close: async () => {
      await browser.close();
      server.close();
      if (disk) await rm(folder, { recursive: true, force: true });
    },
  };
}
