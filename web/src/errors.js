// What can go wrong, as classes; `message` is for people, `name` and the class for programs.

/** Anything this package throws on purpose. */
export class AirshakeError extends Error {
  /** @param {string} message @param {ErrorOptions} [options] */
  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A function was called with what it does not take. */
export class UsageError extends AirshakeError {}

/** A payload or a sample rate is beyond what the modem does. */
export class LimitError extends AirshakeError {}

/** What came is no signal, or none that this version reads. */
export class SignalError extends AirshakeError {}

/** What came is no WAV file, or of a kind that is not read. */
export class WavError extends AirshakeError {}

/** The WebAssembly module could not be loaded. */
export class LoadError extends AirshakeError {}

/** The WebAssembly module stopped; what it was doing is lost, the next call gets a new one. */
export class EngineError extends AirshakeError {}

/**
 * The browser does not give the microphone, or no more; `reason` is `denied` (or, where it is known,
 * `dismissed` or `system`), `missing`, `busy`, `insecure`, `muted` or `gone`.
 */
export class MicrophoneError extends AirshakeError {
  /** @param {string} reason @param {string} message @param {ErrorOptions} [options] */
  constructor(reason, message, options) {
    super(message, options);
    this.reason = reason;
  }
}

/** There is no such loudspeaker, or it is gone. */
export class LoudspeakerError extends AirshakeError {}

/** The page may not play: the browser waits for the user to click or to type first. */
export class AutoplayError extends AirshakeError {}

/** The browser goes on changing what the microphone hears; `processing` says how. */
export class ProcessedSoundError extends AirshakeError {
  /** @param {string[]} processing @param {string} message */
  constructor(processing, message) {
    super(message);
    this.processing = processing;
  }
}

/**
 * Files cannot be sent, were not taken or did not come through; `reason` is a name such as `declined`,
 * `cancelled`, `disk-full`, `mismatch`, `protocol`, `closed`, `too-large`, `unsendable`. What had
 * arrived before is in `files`.
 */
export class FilesError extends AirshakeError {
  /** @param {string} reason @param {string} message @param {ErrorOptions} [options] */
  constructor(reason, message, options) {
    super(message, options);
    this.reason = reason;
    /** @type {object[]} */
    this.files = [];
  }
}

/**
 * Pairing came to nothing. `reason` is `no-peer`, `no-route`, `busy`, `cancelled`, `refused`,
 * `peer-gone`, `proof` or `webrtc`; `advice`, if there is one, says what to try.
 */
export class PairError extends AirshakeError {
  /** @param {string} reason @param {string} message @param {ErrorOptions & {advice?: string}} [options] */
  constructor(reason, message, { advice, ...options } = {}) {
    super(message, options);
    this.reason = reason;
    this.advice = advice;
    /** What was heard until then. @type {object | undefined} */
    this.report = undefined;
  }
}

/** The link is over, or does not do what was asked for. */
export class LinkError extends AirshakeError {}

/** The error of a refusal that the module wrote as JSON. */
export function refusal(/** @type {{error: string, words: string}} */ { error, words }) {
  switch (error) {
    case 'limit':
      return new LimitError(words);
    case 'files':
      return new FilesError('unsendable', words);
    case 'signal':
      return new SignalError(words);
    default:
      return new UsageError(words);
  }
}
