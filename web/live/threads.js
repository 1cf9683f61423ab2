// The processes of our pages, and what their threads cost, by the kernel's count.

import { readdirSync, readFileSync } from 'node:fs';

/**
 * Seconds for which the threads of the pages that this process opened have run, by their name. By
 * `schedstat`, in nanoseconds: a thread that runs for less than a tick at a time is counted too.
 */
export function threads() {
  const used = {};
  for (const pid of renderers()) {
    try {
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        const about = (name) => readFileSync(`/proc/${pid}/task/${thread}/${name}`, 'utf8').trim();
        const name = about('comm');
        used[name] = (used[name] ?? 0) + Number(about('schedstat').split(' ')[0]) / 1e9;
      }
    } catch {
      // It has ended meanwhile.
    }
  }
  return used;
}

/** The processes of the pages that this process opened. */
export function renderers() {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=renderer') && isOurs(Number(pid));
    } catch {
      return false;
    }
  });
}

function isOurs(pid) {
  for (let depth = 0; pid > 1 && depth < 16; depth++) {
    if (pid === process.pid) return true;
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    pid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  }
  return false;
}

/** The audio thread's name, as far as the kernel keeps it. */
export const AUDIO_THREAD = 'Realtime AudioW';
