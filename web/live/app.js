// The page as `airshake web` serves it, in a Chromium of its own.

import { spawn } from 'node:child_process';
import axe from 'axe-core';
import { chromium } from 'playwright-core';
import { airshake, launching } from './browser.js';

export { airshake };

/**
 * Serves the page at any free port; or takes one that is served elsewhere, at AIRSHAKE_PAGE.
 *
 * @returns {Promise<{url: string, stop: () => void}>}
 */
export async function serve() {
  if (process.env.AIRSHAKE_PAGE) return { url: process.env.AIRSHAKE_PAGE, stop: () => {} };
  const server = spawn(airshake, ['web', '--port', '0', '--json'], { stdio: ['ignore', 'ignore', 'pipe'] });
  return new Promise((resolve, reject) => {
    let said = '';
    server.on('error', reject);
    server.on('exit', (code) => reject(new Error(`airshake web ended with ${code}: ${said}`)));
    server.stderr.on('data', (data) => {
      said += data;
      const line = said.split('\n').find((line) => line.includes('"serving"'));
      if (line) resolve({ url: JSON.parse(line).url, stop: () => server.kill() });
    });
  });
}

/** A browser; `fake` has a microphone that beeps, otherwise it is that of the laptop in `env`. */
export function launch({ fake = false, args = [], env } = {}) {
  return chromium.launch(launching([...(fake ? ['--use-fake-device-for-media-stream'] : []), ...args], env));
}

/** Opens the page in a window of its own; gathers what it complains of and what it asks of whom. */
export async function visit(browser, url, { width = 1280, scheme = 'light', permissions = ['microphone'], ...more } = {}) {
  const context = await browser.newContext({
    viewport: { width, height: width < 500 ? 700 : 900 },
    colorScheme: scheme,
    permissions,
    acceptDownloads: true,
    ...more,
  });
  const page = await context.newPage();
  const complaints = [];
  const asked = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (line) => line.type() === 'error' && complaints.push(line.text()));
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(url);
  await page.waitForLoadState('load');
  return { page, context, complaints, asked };
}

/** Waits until this state of pairing is shown. */
export const state = (page, name, seconds = 20) =>
  page.waitForSelector(`.state[data-state="${name}"]:not([hidden])`, { timeout: 1000 * seconds });

/**
 * What cannot be used by everybody in what is shown at the moment, in words: what axe finds against
 * the Web Content Accessibility Guidelines 2.2, and names, sizes, contrast, width, order of headings.
 */
export async function faults(page) {
  // Colours that are on their way to others are none of them.
  await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished.catch(() => {}))));
  return [...(await page.evaluate(AXE)), ...(await ours(page))];
}

/** As an expression, which the page's own policy does not keep out. */
const AXE = `(async () => {
  if (!window.axe) { ${axe.source} }
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const { violations } = await axe.run(document, { runOnly: tags });
  return violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target, failureSummary }) => target + ' ' + failureSummary).join('; '));
})()`;

function ours(page) {
  return page.evaluate(() => {
    const found = [];
    const seen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && element.getClientRects().length > 0;
    const all = (what) => [...document.querySelectorAll(what)].filter(seen);
    const label = (element) => `${element.tagName.toLowerCase()}#${element.id || '-'} “${(element.textContent ?? '').trim().slice(0, 30)}”`;
    const unseen = (element) => element.classList.contains('unseen') || element.closest('.skip');
    const name = (element) =>
      element.getAttribute('aria-label') ||
      (element.labels && [...element.labels].map((each) => each.textContent).join(' ')) ||
      element.textContent;

    if (document.documentElement.scrollWidth > innerWidth) found.push(`the page is ${document.documentElement.scrollWidth} wide, the window ${innerWidth}`);
    if (document.documentElement.lang === '') found.push('no language');
    if (all('main').length !== 1) found.push('not one main');
    for (const element of all('button, a[href], input, select, textarea, [role=img], progress, meter')) {
      if (!name(element)?.trim()) found.push(`no name: ${label(element)}`);
    }
    for (const element of all('button, .button, nav a, input:not(.unseen), select, textarea, summary')) {
      const { width, height } = element.getBoundingClientRect();
      if (!unseen(element) && (height < 43.5 || width < 43.5)) found.push(`small: ${label(element)} ${width}x${height}`);
    }
    const levels = all('h1, h2, h3').map((heading) => Number(heading.tagName[1]));
    if (levels[0] !== 1 || levels.filter((level) => level === 1).length !== 1) found.push(`headings: ${levels}`);
    if (levels.some((level, i) => i > 0 && level > levels[i - 1] + 1 && level > 2 && !levels.includes(2) && level !== 3)) found.push(`headings: ${levels}`);
    for (const item of all('li')) if (!item.parentElement.matches('ul:not([role]), ol:not([role])')) found.push(`an item of no list: ${label(item)}`);
    for (const image of all('img')) if (!image.hasAttribute('alt')) found.push(`no alt: ${image.src}`);

    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const rgba = (colour) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      return canvas.getImageData(0, 0, 1, 1).data;
    };
    const paper = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const colour = rgba(getComputedStyle(at).backgroundColor);
        if (colour[3] === 255) return colour;
      }
      return rgba('white');
    };
    const luminance = ([r, g, b]) => {
      const part = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
      return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      const element = text.parentElement;
      if (!text.textContent.trim() || !seen(element) || unseen(element) || element.closest('option, :disabled')) continue;
      const style = getComputedStyle(element);
      const [a, b] = [luminance(rgba(style.color)), luminance(paper(element))].sort((x, y) => y - x);
      const ratio = (a + 0.05) / (b + 0.05);
      if (ratio < 4.5) found.push(`contrast ${ratio.toFixed(2)}: ${label(element)}`);
    }
    return found;
  });
}
