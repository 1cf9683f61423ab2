// The microphone as it is: without what telephone programs do to sound.

import { MicrophoneError, ProcessedSoundError } from './errors.js';

/** What makes speech pleasant and a modem deaf. */
const PROCESSING = ['echoCancellation', 'noiseSuppression', 'autoGainControl'];

/**
 * Asks for the microphone, with all processing off.
 *
 * @param {string} [deviceId]
 * @returns {Promise<MediaStream>}
 */
export async function openMicrophone(deviceId) {
  if (!globalThis.navigator?.mediaDevices?.getUserMedia) {
    throw new MicrophoneError(
      'insecure',
      'there is no microphone here: open the page over https or from this computer (localhost)',
    );
  }
  const off = Object.fromEntries(PROCESSING.map((name) => [name, false]));
  const audio = { ...off, channelCount: 1, ...(deviceId && { deviceId: { exact: deviceId } }) };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (cause) {
    throw refused(cause);
  }
}

/** What the browser does to the sound all the same, as an error to tell; none if nothing. */
export function processed(/** @type {MediaStreamTrack} */ track) {
  const settings = track.getSettings();
  const left = PROCESSING.filter((name) => settings[name]);
  if (left.length === 0) return undefined;
  return new ProcessedSoundError(
    left,
    `the browser changes what this microphone hears (${left.join(', ')}): messages may be lost; ` +
      'another browser or another microphone may do better',
  );
}

function refused(cause) {
  switch (cause.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      // Chromium tells one from the other, only in words.
      if (/dismissed/i.test(cause.message)) {
        return new MicrophoneError('dismissed', 'the question for the microphone was closed: try again and allow it', { cause });
      }
      if (/by system/i.test(cause.message)) {
        return new MicrophoneError('system', 'the system keeps the microphone from the browser: allow it in the privacy settings', { cause });
      }
      return new MicrophoneError('denied', 'the microphone is not allowed: allow it for this page and try again', { cause });
    case 'NotFoundError':
    case 'OverconstrainedError':
      return new MicrophoneError('missing', 'no such microphone: connect one, or choose another', { cause });
    case 'NotReadableError':
    case 'AbortError':
      return new MicrophoneError('busy', 'the microphone does not answer: another program may hold it', { cause });
    default:
      return cause;
  }
}
