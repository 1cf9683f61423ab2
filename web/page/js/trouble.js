// What went wrong, in words, and what to do about it.

import { oneLine } from './text.js';

/**
 * @param {Error & {reason?: string}} error
 * @returns {{title: string, words: string, advice: string[], detail: string}} the detail is for who
 *   wants to know more, and may be empty
 */
export function explained(error) {
  const known = BY_CLASS[error?.name]?.(error);
  const { title, advice } = known ?? { title: 'That did not work', advice: ['Reload the page and try again.'] };
  const told = known?.words ?? error?.message ?? String(error);
  // Who failed may know better what to do than this page does.
  const first = error?.advice ? [advised(error.advice)] : [];
  // What the microphone heard, if that was looked at.
  const findings = error?.reason === 'no-peer' ? (error.report?.findings ?? []) : [];
  // It is pairing that ended, in the midst of whatever sounded then.
  const heard = findings.filter(({ cause }) => cause !== 'cut-off').slice(0, 2).map(({ words, advice: then }) => `${sentence(words)} ${sentence(then)}`);
  return { title, words: sentence(oneLine(told, 600)), advice: [...heard, ...first, ...advice], detail: known?.detail ? sentence(oneLine(known.detail, 600)) : '' };
}

/** Advice of the library, without what only a command line can do. */
export function advised(/** @type {string} */ advice) {
  return sentence(oneLine(advice.replace(/, a cable, or a relay \([^)]*--turn\)/, ', or a cable'), 600));
}

const BY_CLASS = {
  MicrophoneError: ({ reason, message }) => ({ ...MICROPHONE[reason], words: MICROPHONE[reason]?.words ?? message }),
  AutoplayError: () => ({
    title: 'The browser plays no sound yet',
    words: 'It waits until you have clicked or typed something on this page',
    advice: ['Press the button once more.', 'If the browser has a setting for this page that blocks sound, allow it.'],
  }),
  LoadError: ({ message }) => ({
    title: 'The sound engine cannot be loaded',
    words: 'A part of this page did not arrive, or the browser does not run it',
    advice: [
      'Check the connection to where this page came from, and reload it.',
      'This page needs WebAssembly and AudioWorklet: Chrome, Edge, Firefox or Safari of 2021 or later have them, unless a strict mode (such as Lockdown Mode) turns them off.',
    ],
    detail: message,
  }),
  EngineError: ({ message }) => ({
    title: 'The sound engine stopped',
    words: 'What it was doing is lost',
    advice: ['Try again: it is made anew.', 'If it stops again, close other programs that use sound, or restart the browser.'],
    detail: message,
  }),
  LoudspeakerError: () => ({
    title: 'The loudspeaker is not there',
    words: 'The browser cannot play where it was told to',
    advice: ['Connect it, or choose another one under Options, and try again.'],
  }),
  PairError: (error) => PAIRING[error.reason]?.(error),
};

const MICROPHONE = {
  denied: {
    title: 'The microphone is not allowed',
    words: 'Without it this page cannot hear the other computer. What is heard is read here and goes nowhere',
    advice: [
      'Press the sign before the address of this page, allow the microphone, and try again.',
      'If the browser does not ask at all, look at the system’s own settings: privacy, microphone, and this browser.',
    ],
  },
  dismissed: {
    title: 'The browser was not answered',
    words: 'Its question for the microphone was closed. Without it this page cannot hear the other computer',
    advice: ['Try again, and allow the microphone when the browser asks.'],
  },
  system: {
    title: 'The system keeps the microphone from the browser',
    words: 'This page may listen, but the browser itself may not',
    advice: ['Allow the browser in the system’s settings, under privacy and microphone; then restart it, and try again.'],
  },
  muted: {
    title: 'The microphone is muted',
    words: 'The system has switched it off',
    advice: ['Look for a key or a switch on the computer, or in the system’s settings.'],
  },
  gone: {
    title: 'The microphone is gone',
    words: 'It was unplugged, or taken back from this page',
    advice: ['Connect it, or choose another one under Options, and try again.'],
  },
  missing: {
    title: 'There is no microphone',
    words: 'The browser finds none that it could use, or not the one that was chosen',
    advice: ['Connect one, or choose another one under Options, and try again.'],
  },
  busy: {
    title: 'The microphone does not answer',
    words: 'Another program may hold it, or the system has switched it off',
    advice: ['End calls and recordings, look for a switch on the computer that turns the microphone off, and try again.'],
  },
  insecure: {
    title: 'No microphone at this address',
    words: 'Browsers let a page listen only if it came over https or from this computer itself',
    advice: ['Open the page by its https address.', 'Or run `airshake web` on this computer, and open http://localhost with the port that it says.'],
  },
};

const PAIRING = {
  'no-peer': ({ words, message }) => ({
    title: 'Nobody was found',
    words: (words ?? message).replace(/^no peer: /, ''),
    advice: [
      'On the other computer this page must listen at the same time, or `airshake pair` must run.',
      'Turn up the volume of both, move closer, and take off headphones.',
      'Telephone programs and “voice clarity” of a sound driver remove the tones: switch them off.',
    ],
  }),
  'no-route': ({ words, message }) => ({
    title: 'Heard, but the network does not let them talk',
    words: words ?? message,
    advice: [
      'Guest and public networks often keep their devices apart: try a phone hotspot, another network or a cable.',
      'On a network of your own, let UDP through the firewall of both computers.',
      'A VPN may hide the way: switch it off and try again.',
    ],
  }),
  busy: ({ words, message }) => ({
    title: 'They are talking to somebody else',
    words: words ?? message,
    advice: ['Wait a moment, and try again.'],
  }),
  refused: ({ words, message }) => ({
    title: 'The other side refused',
    words: words ?? message,
    advice: ['Ask what words they see. If they differ from yours, somebody stands between you, or each of you reached somebody else: try again.'],
  }),
  differ: () => ({
    title: 'The words differ',
    words: 'The connection was ended; nothing was sent over it',
    advice: [
      'Try again. If others pair in the same room, each of you may have reached somebody else.',
      'If the words differ again, somebody may stand between you: agree on a code, face to face, and both type it under Options.',
    ],
  }),
  'peer-gone': ({ words, message }) => PAIRING.gone({ message: words ?? message }),
  gone: ({ message }) => ({
    title: 'The other side is gone',
    words: message,
    advice: ['Ask what they saw, and try again.'],
  }),
  proof: ({ words, message }) => ({
    title: 'The other side did not prove itself',
    words: words ?? message,
    advice: ['Somebody else may have answered: try again.', 'With a code: both must have typed the same one. A code that was tried and failed should not be used again.'],
  }),
  webrtc: ({ words, message }) => ({
    title: 'The browser made no connection',
    words: words ?? message,
    advice: ['Is this computer on a network? One without internet is enough.', 'A browser’s or an add-on’s setting may switch WebRTC off: allow it for this page, and try again.'],
  }),
};

/** With a capital and a full stop. */
export function sentence(words) {
  const text = String(words).trim();
  if (text === '') return '';
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
