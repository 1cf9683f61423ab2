// A page whose computer lets nobody in unasked: a command line that hears it says where it is, in nine
// bytes of sound, and is reached there. Two computers are two network namespaces, which only root can
// make.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { airshake, laptop } from './browser.js';
import { Page, pause, Program } from './pairing.js';

const ip = (...words) => execFileSync('ip', words, { stdio: 'pipe' });

if (process.env.AIRSHAKE_BEHIND) {
  await behind();
} else {
  test('a page behind a firewall is reached by a command line that says where it is', (t) => {
    const names = ['page', 'line'].map((name) => `airshake-${process.pid}-${name}`);
    const [page, line] = names;
    const folder = mkdtempSync(join(tmpdir(), 'airshake-firewall-'));
    try {
      try {
        for (const name of names) ip('netns', 'add', name);
        const rules = 'ct state established,related accept; iif lo accept; meta l4proto udp drop;';
        ip('netns', 'exec', page, 'nft', `table inet t { chain c { type filter hook input priority 0; ${rules} }; }`);
      } catch (error) {
        if (process.env.AIRSHAKE_REQUIRE_LIVE === '1') throw error;
        return t.skip(`network namespaces and nftables are needed: ${error.stderr ?? error}`);
      }
      ip('link', 'add', 'vA', 'netns', page, 'type', 'veth', 'peer', 'name', 'vB', 'netns', line);
      for (const [name, device, address] of [
        [page, 'vA', '192.168.77.2/24'],
        [line, 'vB', '192.168.77.3/24'],
      ]) {
        ip('-n', name, 'address', 'add', address, 'dev', device);
        for (const up of ['lo', device]) ip('-n', name, 'link', 'set', up, 'up');
      }
      const program = join(folder, 'airshake');
      writeFileSync(program, `#!/bin/sh\nexec ip netns exec ${line} '${airshake}' "$@"\n`);
      chmodSync(program, 0o755);
      // Sound does not care where a process is.
      const env = { ...process.env, AIRSHAKE_BEHIND: '1', AIRSHAKE: program };
      delete env.NODE_TEST_CONTEXT;
      const done = spawnSync('ip', ['netns', 'exec', page, process.execPath, fileURLToPath(import.meta.url)], {
        env,
        encoding: 'utf8',
        timeout: 60_000,
      });
      assert.equal(done.status, 0, `${done.stdout}\n${done.stderr}`);
      console.log(done.stdout.trim());
    } finally {
      for (const name of names) spawnSync('ip', ['netns', 'delete', name]);
      rmSync(folder, { recursive: true });
    }
  });
}

/** On the page's computer. */
async function behind() {
  const air = laptop('A');
  const mute = (yes) => execFileSync('pactl', ['set-sink-mute', air.PULSE_SINK, yes ? '1' : '0'], { env: air });
  const page = await Page.open('B');
  try {
    // It hears the page before the page hears it.
    mute(true);
    const program = new Program('A', '--yes');
    await pause(0.3);
    await page.pair();
    await program.event('answering');
    mute(false);
    const [meeting, connected] = [await page.has('meeting', 20), await program.event('connected', 20)];
    const heard = await page.events('heard');
    assert.deepEqual([meeting.way, connected.way], ['two-sounds', 'two-sounds']);
    assert.deepEqual(meeting.words, (await program.event('words')).words);
    assert.deepEqual(
      heard.map(({ bytes }) => bytes),
      [9],
    );
    console.log(`nine bytes, ${connected.seconds.toFixed(2)} s after the first sound of the command line or the page`);
    await page.has('link');
    program.say('from outside');
    await page.said('from outside');
    await page.leave();
    assert.equal(await program.ended, 0);
  } finally {
    mute(false);
    for (const program of Program.running) program.kill();
    await page.close();
  }
}
