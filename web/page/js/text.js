// Text and numbers for people. What others wrote is made harmless here, and only ever becomes the
// text of an element, never its markup.

/**
 * Invisible characters that make a text read differently from what it is: marks of direction, of
 * width nought, ends of lines that are none (Unicode Technical Report 36, section 2.5).
 */
const TRICKS = /[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u;
/** Everything that neither is seen nor ends a line. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/u;
const HARMFUL = new RegExp(`${CONTROLS.source}|${TRICKS.source}|[\\ud800-\\udfff]`, 'gu');

/** A text of others, of at most `most` characters, with lines and tabs; all that tricks is written out. */
export function plain(text, most = 20_000) {
  const { start, left } = begun(String(text).replace(/\r\n?/g, '\n'), most);
  const safe = start.replace(HARMFUL, escaped);
  return left > 0 ? `${safe}… (${count(left, 'more character')})` : safe;
}

/** The same as one line, for names: without ends of lines, short. */
export function oneLine(text, most = 120) {
  const whole = String(text);
  const characters = [...whole.slice(0, 4 * most + 4)];
  let shown = whole;
  if (characters.length > most) {
    // Names are told apart by their ends as well.
    const tail = [...whole.slice(-2 * most)].slice(-Math.floor(most / 3));
    shown = `${characters.slice(0, most - tail.length - 1).join('')}…${tail.join('')}`;
  }
  return shown.replace(HARMFUL, escaped).replace(/[\t\n]/g, escaped);
}

function begun(text, most) {
  if (text.length <= most) return { start: text, left: 0 };
  // Not through the middle of a character of two halves.
  const cut = /[\ud800-\udbff]/.test(text[most - 1]) ? most - 1 : most;
  return { start: text.slice(0, cut), left: text.length - cut };
}

function escaped(character) {
  return `\\u{${character.codePointAt(0).toString(16)}}`;
}

/** Bytes as text, if they are text that can be shown as it is; else undefined. */
export function asText(/** @type {Uint8Array} */ bytes) {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return CONTROLS.test(text.replaceAll('\r', '')) || TRICKS.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** The first bytes in lines of sixteen, as hexadecimal. */
export function hexLines(/** @type {Uint8Array} */ bytes, most = 512) {
  const lines = [];
  const shown = Math.min(bytes.length, most);
  for (let at = 0; at < shown; at += 16) {
    const line = [...bytes.subarray(at, Math.min(at + 16, shown))];
    lines.push(line.map((byte) => byte.toString(16).padStart(2, '0')).join(' '));
  }
  if (shown < bytes.length) lines.push(`… (${count(bytes.length - shown, 'more byte')})`);
  return lines.join('\n');
}

/** "1 byte", "2,048 bytes". */
export function count(number, what) {
  return `${number.toLocaleString('en-US')} ${what}${number === 1 ? '' : 's'}`;
}

/** An amount of bytes in three digits: "212 kB". */
export function size(bytes) {
  if (!Number.isFinite(bytes) || bytes < 0) return 'unknown size';
  if (bytes < 1000) return count(Math.round(bytes), 'byte');
  let [value, unit] = [bytes, -1];
  while (value >= 999.5 && unit < 3) {
    value /= 1000;
    unit += 1;
  }
  return `${value >= 99.5 ? value.toFixed(0) : value.toPrecision(3)} ${['kB', 'MB', 'GB', 'TB'][unit]}`;
}

/** Seconds as people say them: "0.35 s", "5 min 53 s". */
export function seconds(value) {
  if (value < 60) return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} s`;
  const whole = Math.round(value);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}

/** "SNR 14.2 dB". */
export function snr(decibels) {
  return `SNR ${decibels.toFixed(1)} dB`;
}
