// Two sides of a pairing for the live tests: the command line as one laptop, a page as the other.

import { spawn } from 'node:child_process';
import { airshake, laptop, open } from './browser.js';

export { airshake };

export const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

/** Waits until something is there, or fails with those words. */
export async function until(look, seconds, words) {
  const end = performance.now() + 1000 * seconds;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(words());
    await pause(0.01);
  }
}

/** `airshake pair`, or another of its commands, as a laptop. */
export class Program {
  /** Those that have not ended. @type {Set<Program>} */
  static running = new Set();

  constructor(side, ...options) {
    const command = /^[a-z]/.test(options[0] ?? '') ? options.shift() : 'pair';
    this.child = spawn(airshake, [command, '--json', ...options], {
      env: laptop(side),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.out = '';
    this.err = '';
    this.child.stdout.on('data', (data) => (this.out += data));
    this.child.stderr.on('data', (data) => (this.err += data));
    Program.running.add(this);
    this.ended = new Promise((resolve) => this.child.on('close', resolve)).finally(() => Program.running.delete(this));
  }

  get events() {
    const lines = this.err.split('\n').filter((line) => line.startsWith('{'));
    return lines.map((line) => JSON.parse(line));
  }

  /** The first event of that name. */
  event(name, seconds = 10) {
    return until(() => this.events.find(({ event }) => event === name), seconds, () => `no ${name}:\n${this.err}`);
  }

  say(text) {
    this.child.stdin.write(`${text}\n`);
  }

  /** Waits until that was printed. */
  said(text, seconds = 5) {
    return until(() => this.out.includes(text), seconds, () => `not ${text} but ${this.out}\n${this.err}`);
  }

  /** Says goodbye; gives the exit code. */
  leave() {
    this.child.stdin.end();
    return this.ended;
  }

  kill() {
    this.child.kill('SIGKILL');
  }
}

/** A page as a laptop. */
export class Page {
  static async open(side) {
    return new Page(await open({ env: laptop(side) }));
  }

  constructor(opened) {
    Object.assign(this, opened);
  }

  /** Begins to pair, and accepts if `accept`. */
  pair(options = {}, accept = true) {
    return this.page.evaluate(
      ([options, accept]) => {
        const w = window;
        Object.assign(w, { events: [], texts: [], standings: [], meeting: undefined, link: undefined, failed: undefined, offer: undefined, wanted: undefined });
        w.stopping = new AbortController();
        const onEvent = ({ error, event, ...rest }) => {
          if (w.broken) throw new Error('of the application');
          rest.type === 'level' || rest.type === 'modem' || w.events.push(error ? { ...rest, words: error.message } : rest);
        };
        const failed = ({ name, reason, message }) => (w.failed = { name, reason, message });
        airshake
          .pair({ ...options, signal: w.stopping.signal, onEvent })
          .then(async (meeting) => {
            w.meeting = meeting;
            meeting.ended.then((ended) => (w.ended = ended));
            if (!accept) return;
            const link = await meeting.accept();
            link.addEventListener('text', ({ detail }) => w.texts.push(detail));
            link.addEventListener('standing', ({ detail }) => w.standings.push(detail.standing));
            link.addEventListener('files', ({ detail }) => (w.offer = detail));
            link.addEventListener('wanted', () => (w.wanted = true));
            w.link = link;
          })
          .catch(failed);
      },
      [options, accept],
    );
  }

  /** Waits until that name has a value in the page, and gives what `pick` makes of it. */
  async has(name, seconds = 15) {
    await this.page
      .waitForFunction((name) => window[name] !== undefined, name, { timeout: 1000 * seconds, polling: 10 })
      .catch(async () => {
        const rest = await this.page.evaluate(() => ({ events, failed, ended: window.ended }));
        throw new Error(`no ${name}: ${JSON.stringify(rest)}`);
      });
    return this.page.evaluate((name) => {
      const value = window[name];
      return name === 'meeting' ? { words: value.words, byCode: value.byCode, way: value.way, seconds: value.seconds } : name === 'link' || value;
    }, name);
  }

  async events(type) {
    const all = await this.page.evaluate(() => window.events);
    return all.filter((event) => event.type === type);
  }

  say(text) {
    return this.page.evaluate((text) => link.say(text), text);
  }

  said(text, seconds = 5) {
    return this.page.waitForFunction((text) => texts.includes(text), text, { timeout: 1000 * seconds, polling: 10 });
  }

  leave() {
    return this.page.evaluate(() => link.close());
  }

  closed() {
    return this.page.evaluate(() => link.closed);
  }

  /** Microphones, contexts and connections that are still open. */
  left() {
    return this.page.evaluate(() => window.left());
  }

  /** Ends the page's process, as a crash does. */
  async crash() {
    const session = await this.page.context().newCDPSession(this.page);
    session.send('Page.crash').catch(() => {});
  }
}
