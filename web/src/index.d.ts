/** Errors: `message` is for people, the class for programs. */
export class AirshakeError extends Error {}
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
/** The WebAssembly module stopped; the next call gets a new one. */
export class EngineError extends AirshakeError {}
/** The browser does not give the microphone, or no more. */
export class MicrophoneError extends AirshakeError {
  /** `dismissed` and `system` are `denied` where the browser says more: by whom, and for how long. */
  reason: 'denied' | 'dismissed' | 'system' | 'missing' | 'busy' | 'insecure' | 'muted' | 'gone';
}
/** There is no such loudspeaker, or it is gone. */
export class LoudspeakerError extends AirshakeError {}
/** The page may not play: the browser waits for a click or a key first. */
export class AutoplayError extends AirshakeError {}
/** Pairing came to nothing. */
export class PairError extends AirshakeError {
  reason:
    | 'no-peer'
    | 'no-route'
    | 'busy'
    | 'cancelled'
    | 'refused'
    | 'peer-gone'
    | 'proof'
    | 'webrtc';
  /** What to try, for people. */
  advice?: string;
  /** What was heard until then, if anything was listened to. */
  report?: Report;
}
/** The link is over, or does not do what was asked for. */
export class LinkError extends AirshakeError {}
/** The browser goes on changing what the microphone hears: messages may be lost. */
export class ProcessedSoundError extends AirshakeError {
  /** Which of echoCancellation, noiseSuppression, autoGainControl. */
  processing: string[];
}

/** Files cannot be sent, were not taken, or did not come through. */
export class FilesError extends AirshakeError {
  /** Why, for programs. What is not named here may come from a later version of the other side. */
  reason:
    | 'declined'
    | 'cancelled'
    | 'disk-full'
    | 'too-large'
    | 'too-much'
    | 'unsendable'
    | 'closed'
    | 'protocol'
    | 'version'
    | 'both-send'
    | 'both-receive'
    | 'not-receiving'
    | string;
  /** What had arrived before. */
  files: ReceivedFile[];
}

export interface Profile {
  /** What options take. */
  name: string;
  /** What it is for, in a few words. */
  purpose: string;
  /** The lowest sample rate that carries it. */
  lowestRate: number;
  /** From the beginning of a sound until it is known what it is. */
  secondsToHeader: number;
}

/** Something the receiver noticed. Positions are counted in samples from the first one. */
export type ModemEvent = Carrier | Header | Segment | Kept | Message | Unread | Lost | { type: 'other' };

/** A preamble stands out of the noise. */
export interface Carrier {
  type: 'carrier';
  at: number;
  levelDb: number;
}

/** A message is on its way; its burst will be complete at sample `until`. */
export interface Header {
  type: 'header';
  at: number;
  profile: string;
  /** Length of the message, if this header tells it. */
  bytes: number | null;
  /** Which pass of the message this is, 0 to 7. */
  pass: number;
  until: number;
}

/** A segment of a long message was read. */
export interface Segment {
  type: 'segment';
  at: number;
  got: number;
  need: number;
}

/** A burst could not be read alone; further passes of its message add to it. */
export interface Kept {
  type: 'kept';
  at: number;
  pass: number;
  passes: number;
  snrDb: number;
}

/** A message, complete and checked. */
export interface Message {
  type: 'message';
  /** First sample of the first preamble that was used. */
  at: number;
  /** One past the last sample that was needed. */
  end: number;
  payload: Uint8Array;
  profile: string;
  /** How many passes of the message were used. */
  passes: number;
  /** Power of the tones against the noise in their band. */
  snrDb: number;
  /** By how much the sender's clock runs faster, in parts per million. */
  clockPpm: number;
}

/** A preamble was seen, but what followed could not be read by itself. */
export interface Unread {
  type: 'unread';
  at: number;
  header: boolean;
  cutOff: boolean;
  aboveDb: number | null;
  snrDb: number;
  /** How clearly there are tones at all, in standard deviations: 5 is sure. */
  sigmas: number;
  clockPpm: number;
  /** Spread of the delays with which the preamble arrived. */
  spreadSeconds: number;
  /** The lowest and the highest frequency at which tones stand out, in hertz. */
  band: [number, number] | null;
}

/** Something had a header but its data could not be recovered. */
export interface Lost {
  type: 'lost';
  at: number;
  profile: string;
  reason:
    | { type: 'unreadable'; passes: number }
    | { type: 'cut-off' }
    | { type: 'segments-missing'; got: number; need: number }
    | { type: 'unsupported' }
    | { type: 'other' };
  snrDb: number;
}

/** What was heard, and why it was not more. */
export interface Report {
  seconds: number;
  /** Null if all was zero. */
  rmsDbfs: number | null;
  peakDbfs: number | null;
  messages: number;
  /** Causes, the likeliest first. */
  findings: Finding[];
}

export interface Finding {
  /** Its name, which stays. */
  cause: string;
  /** What it is, for people. */
  words: string;
  /** What to do about it, for people. */
  advice: string;
  figures: Record<string, number>;
}

export interface LoadOptions {
  /** Where the module is, or the module, if it is not beside this package. */
  wasm?: URL | string | BufferSource | WebAssembly.Module;
  /** Whether to use 128-bit vectors; asked of the engine if not given. */
  simd?: boolean;
}

/** Loads the WebAssembly module, once. Every function does so when it is needed. */
export function load(options?: LoadOptions): Promise<WebAssembly.Module>;
/** Whether this engine of JavaScript knows 128-bit vectors. */
export function hasSimd(): boolean;
/** The modes of the modem. */
export function profiles(): Promise<Profile[]>;

export interface EncodeOptions {
  /** `audible` if not given. */
  profile?: string;
  /** How often the message is sent, each time with other redundancy. 1 if not given. */
  passes?: number;
  /** With which pass to begin. 0 if not given. */
  firstPass?: number;
  /** Samples a second. 48,000 if not given. */
  rate?: number;
}

/** Bytes as sound: mono samples within -1 and 1. At most 65,536 bytes; text becomes UTF-8. */
export function encode(
  payload: Uint8Array | ArrayBuffer | string,
  options?: EncodeOptions,
): Promise<Float32Array>;
/** Bytes as a WAV file, 16 bit. */
export function encodeWav(
  payload: Uint8Array | ArrayBuffer | string,
  options?: EncodeOptions,
): Promise<Uint8Array>;
/** Samples as a WAV file, 16 bit. */
export function writeWav(samples: Float32Array, rate: number): Uint8Array;
/** The samples of a WAV file, its channels mixed. */
export function readWav(bytes: Uint8Array): { samples: Float32Array; rate: number };

export interface DecodeOptions {
  /** Profiles to listen for; all whose band the rate holds if not given. */
  profiles?: string[];
  onEvent?: (event: ModemEvent) => void;
  signal?: AbortSignal;
}

/** The messages in a recording: mono samples, full scale 1. The page breathes meanwhile. */
export function decode(samples: Float32Array, rate: number, options?: DecodeOptions): Promise<Message[]>;
/** The messages, and a report of what was heard and why it was not more. */
export function analyse(
  samples: Float32Array,
  rate: number,
  options?: DecodeOptions,
): Promise<{ messages: Message[]; report: Report }>;

/** A streaming receiver: takes any number of samples, gives the events they caused. */
export class Ear {
  private constructor();
  static open(rate: number, profiles?: string[]): Promise<Ear>;
  push(samples: Float32Array): ModemEvent[];
  /** The sound has ended: the events that were still open. */
  finish(): ModemEvent[];
  report(): Report;
}

export interface ListenOptions {
  /** Profiles to listen for; all if not given. */
  profiles?: string[];
  /** Which microphone. */
  deviceId?: string;
  /** Sound to listen to in place of a microphone. */
  stream?: MediaStream;
  /** All events, messages too. */
  onEvent?: (event: ModemEvent) => void;
  /** The largest sample and the root mean square of every 21 ms, full scale 1. */
  onLevel?: (peak: number, rms: number) => void;
  /**
   * What went wrong while it goes on, such as processed sound. After an error that is `final` nothing
   * more is heard: the microphone is gone, the worker or the audio thread broke down.
   */
  onTrouble?: (error: Error & { final?: true }) => void;
  /** Stops it. */
  signal?: AbortSignal;
}

/** What listens. Positions of its events are counted from its first sample. */
export interface Listening {
  /** Samples a second. */
  readonly rate: number;
  /** What the browser says of the microphone. */
  readonly settings: MediaTrackSettings;
  /** Samples that the modem took so far. */
  readonly heard: number;
  /** Samples that the audio thread left out in between: none, unless the machine is overloaded. */
  readonly lost: number;
  /** What was heard so far, and why it was not more. */
  report(): Promise<Report>;
  /** Ends it, gives the microphone back, and says what was heard. */
  stop(): Promise<Report>;
}

/**
 * Listens by the microphone, without the browser's processing, until it is stopped. In a page, over
 * https or on this computer. Rejects with a `MicrophoneError` or an `AutoplayError`.
 */
export function listen(onMessage: (message: Message) => void, options?: ListenOptions): Promise<Listening>;

/** The microphone as it is: without echo cancellation, noise suppression and gain control. */
export function openMicrophone(deviceId?: string): Promise<MediaStream>;

export interface SpeakOptions {
  profile?: string;
  passes?: number;
  firstPass?: number;
  /** 0 to 1, 1 if not given. */
  volume?: number;
  /** Which loudspeaker, where the browser lets one choose. */
  deviceId?: string;
  /** Falls silent at once; rejects with its reason. */
  signal?: AbortSignal;
}

/** Plays a message, and waits until it has sounded. In a page. */
export function speak(
  payload: Uint8Array | ArrayBuffer | string,
  options?: SpeakOptions,
): Promise<{ seconds: number }>;

export interface PairOptions {
  /** By one sound, by two, or by whichever works, which is so if not given. */
  ways?: 'both' | 'one-sound' | 'two-sounds';
  /** What both users were told, if anything: nobody else is paired with, and there are no words to compare. */
  code?: string;
  /** The only profile to speak and to understand. If not given, offers are made in `audible`, understood in all, and answered in their own. */
  profile?: string;
  /** 0 to 1, 0.8 if not given. */
  volume?: number;
  /** The id of a microphone. */
  microphone?: string;
  /** The id of a loudspeaker, where the browser lets one choose. */
  loudspeaker?: string;
  /** Sound to listen to in place of a microphone. It is not stopped. */
  stream?: MediaStream;
  /** For servers; none are needed in one room. */
  rtc?: RTCConfiguration;
  /** Ends it, with a `PairError` of reason `cancelled`. */
  signal?: AbortSignal;
  /** Not to wait for another if who is heard pairs with somebody else. */
  leaveWhenBusy?: boolean;
  /** What happens meanwhile. What it throws goes to `reportError`, and pairing goes on. */
  onEvent?: (event: PairEvent) => void;
}

/** Progress, by name. */
export type PairNote =
  | 'answering'
  | 'answered'
  | 'knocked'
  | 'busy'
  | 'connecting'
  | 'outpaced'
  | 'peer-gone'
  | 'no-route'
  | 'unreached';

export type PairEvent =
  /** `report` gives what was heard so far, and why it was not more; undefined once nothing listens. */
  | { type: 'listening'; settings: MediaTrackSettings; rate: number; report: () => Promise<Report | undefined> }
  /** An envelope of ours begins to sound. */
  | { type: 'playing'; bytes: number; airSeconds: number }
  /** An envelope of somebody else was heard. */
  | { type: 'heard'; bytes: number; snrDb: number }
  /** Of every 21 ms, full scale 1. */
  | { type: 'level'; peak: number; rms: number }
  | { type: 'modem'; event: ModemEvent }
  /** `words` and `advice` come with `unreached`: somebody is heard, and nothing comes over the network. */
  | { type: 'note'; note: PairNote; words?: string; advice?: string }
  /** What went wrong while it goes on. */
  | { type: 'trouble'; error: Error }
  /** `seconds` since the first sound, ours or theirs. */
  | { type: 'connected'; way: 'one-sound' | 'two-sounds'; seconds: number };

/** Two who have proven themselves to each other, and whose users have not yet accepted each other. */
export interface Meeting {
  /** The same on both screens if nobody stands between the two: let people compare them. */
  readonly words: [string, string, string, string];
  /** Whether the other side has the same code. Then there is nothing to compare. */
  readonly byCode: boolean;
  readonly way: 'one-sound' | 'two-sounds';
  readonly seconds: number;
  /** Waits until the other side accepts too. Rejects with a `PairError`: `refused` or `peer-gone`. */
  accept(): Promise<Link>;
  /** Tells the other side that it is not the one that was meant, and closes. */
  refuse(): void;
  /** The other side has refused, left, or is gone. */
  readonly ended: Promise<LinkEnd>;
}

/** Why a link is over: `words` are for people. */
export interface LinkEnd {
  reason: 'closed' | 'left' | 'refused' | 'silent' | 'hostile' | 'engine' | 'other';
  words: string;
}

/** What is told of a link. */
export interface LinkEventMap {
  /** What the other side says; nothing in it steers a terminal or breaks a line. */
  text: CustomEvent<string>;
  /** Nothing is heard of the other side for a while, or it is there again. */
  standing: CustomEvent<{ standing: 'interrupted' | 'resumed'; afterSeconds?: number }>;
  /** The other side offers files. */
  files: CustomEvent<FilesOffer>;
  /** The other side waits for files. */
  wanted: CustomEvent<undefined>;
  /** The other side's application opens a channel of its own. Prevent the default to keep it. */
  channel: CustomEvent<RTCDataChannel>;
  closed: CustomEvent<LinkEnd>;
}

/** A link to somebody who has proven itself and whom the user has accepted. */
export interface Link extends EventTarget {
  readonly peerConnection: RTCPeerConnection;
  /** The channel that carries the link, in frames of its own: to be looked at, not to be spoken over. */
  readonly channel: RTCDataChannel;
  /** Opens one more channel over the proven connection; the other side must be a page too. */
  openChannel(label: string, options?: RTCDataChannelInit): Promise<RTCDataChannel>;
  /** Says something to the other side's user: at most 16,384 bytes. Resolves when it is sent. */
  say(text: string): Promise<void>;
  /** Offers files, and sends those that the other side wants. */
  sendFiles(files: Iterable<FileToSend>, options?: FilesOptions): Promise<SentFiles>;
  /** Says goodbye, waits a moment for all that was said to arrive, and closes. */
  close(): Promise<void>;
  readonly closed: Promise<LinkEnd>;
  addEventListener<K extends keyof LinkEventMap>(
    type: K,
    listener: (event: LinkEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

/**
 * Finds a peer by sound, who must be doing the same (a page, or `airshake pair`), and opens a
 * channel to it by WebRTC, without a server. In a page, after a click. Rejects with a `PairError`, a
 * `MicrophoneError`, a `LoudspeakerError`, an `AutoplayError`, a `LoadError`, or the error with which
 * listening came to its end; then nothing is left open.
 */
export function pair(options?: PairOptions): Promise<Meeting>;

export type Signal =
  | Description
  | CandidateSignal
  | Renegotiate
  | Beacon
  | Invitation
  | Arrival
  | OtherSignal;

/** An offer or an answer. */
export interface Description {
  type: 'offer' | 'answer';
  sdp: string;
  /** In an answer: the tag of the offer that it answers, 0 to 255. */
  answers?: number;
}

export interface CandidateSignal {
  type?: 'candidate';
  candidate: { candidate: string; sdpMLineIndex?: number | null; sdpMid?: string | null };
}

export interface Renegotiate {
  type?: 'renegotiate';
  renegotiate: true;
}

/** An offer that is answered over the network. */
export interface Beacon {
  type: 'beacon';
  /** As in an SDP: `sha-256 AB:CD:...`. */
  fingerprint: string;
  /** 16 hex digits, random, for one beacon. */
  secret: string;
  maxMessageSize: number;
  /** As in an SDP: `candidate:...`. */
  candidates: string[];
}

/** A page's offer whose answer can be foretold: who hears it comes at once, as its guest. */
export interface Invitation {
  type: 'invitation';
  /** Of the offer. */
  sdp: string;
}

/** A guest's word that it is there, where an invitation alone does not do. */
export interface Arrival {
  type: 'arrival';
  /** The tag of the invitation. */
  answers: number;
  /** As in an SDP: `candidate:...`. */
  candidates: string[];
}

/** What else simple-peer says, as the peer's own text: unchecked. */
export interface OtherSignal {
  type: 'transceiverRequest' | string;
  [name: string]: unknown;
}

/** Packs a signal of simple-peer, an `RTCSessionDescription` or a beacon into few bytes. */
export function packSignal(
  signal:
    | Signal
    | RTCSessionDescription
    | RTCSessionDescriptionInit
    | { type: 'beacon'; sdp: string; secret: string },
  options?: {
    /** The packed offer to which it is the answer. */
    answering?: Uint8Array;
    /**
     * Bytes that an offer or an answer may take, 90 if not given: of more addresses than fit, those
     * likely to be reached are kept. `Infinity` keeps all.
     */
    most?: number;
  },
): Promise<Uint8Array>;
/** The inverse of `packSignal`. Damaged or hostile bytes give a `SignalError`. */
export function unpackSignal(packed: Uint8Array): Promise<Signal>;
/** The tag of a packed offer: an answer whose `answers` is another one is for somebody else. */
export function tagOf(offer: Uint8Array): Promise<number>;
/**
 * What to tell an `RTCPeerConnection` as the answer of a beacon's sender, after its own offer, of
 * which `pwd` is the `a=ice-pwd`.
 */
export function answerToBeacon(beacon: Uint8Array, pwd: string): Promise<{ type: 'answer'; sdp: string }>;

/** What `signalBySound` needs of a `SimplePeer`. */
export interface SimplePeerLike {
  readonly initiator: boolean;
  signal(data: object): void;
  on(event: string, handler: (...args: any[]) => void): unknown;
  removeListener(event: string, handler: (...args: any[]) => void): unknown;
}

export interface SignalBySoundOptions {
  /** `audible` if not given. */
  profile?: string;
  /** 0 to 1, 1 if not given. */
  volume?: number;
  /** Which microphone, by its `deviceId`. */
  microphone?: string;
  /** Which loudspeaker, by its `deviceId`. */
  loudspeaker?: string;
  /**
   * A microphone that is already open, as `openMicrophone` gives it. Opened before the peer is made,
   * it lets the browser tell addresses instead of names that only some networks resolve.
   */
  stream?: MediaStream;
  /** Gives up; rejects with its reason. */
  signal?: AbortSignal;
  onEvent?: (
    event:
      | { type: 'playing'; bytes: number }
      | { type: 'heard'; bytes: number; snrDb: number }
      | { type: 'modem'; event: ModemEvent }
      | { type: 'trouble'; error: Error },
  ) => void;
  /** In place of the microphone. */
  listen?: (
    onMessage: (message: Pick<Message, 'payload' | 'snrDb'>) => void,
    options: ListenOptions,
  ) => Promise<{ rate: number; heard: number; stop(): Promise<unknown> }>;
  /** In place of the loudspeaker. */
  speak?: (payload: Uint8Array, options: SpeakOptions) => Promise<unknown>;
}

/**
 * Connects a new `SimplePeer` with one in the same room: the initiator says its offer until it hears
 * an answer to it, the other side waits for an offer and answers it. Call it right behind
 * `new SimplePeer`; rejects with what the peer fails with.
 *
 * Whoever is in the room may answer: nothing is proven here, as with any signalling server.
 */
export function signalBySound(peer: SimplePeerLike, options?: SignalBySoundOptions): Promise<void>;

/** Something to send: a file under its own name, a blob under another, or a folder with nothing in it. */
export type FileToSend = File | { path: string; blob: Blob } | { path: string; folder: true };

/** How far a transfer is. */
export interface FilesProgress {
  /** Bytes that need not be moved any more, of `total`. */
  bytes: number;
  total: number;
  /** Files that are complete at their receiver, of `of`. */
  files: number;
  of: number;
  /** The file that moves. */
  path?: string;
}

export interface FilesOptions {
  /** Some twenty times a second, and at the end. */
  onProgress?: (progress: FilesProgress) => void;
  /** Stops it, and tells the other side. */
  signal?: AbortSignal;
}

/** How sending went. */
export interface SentFiles {
  /** Files that are complete at the receiver, and bytes that were offered. */
  files: number;
  bytes: number;
  /** What did not come through: empty if all is well. */
  lost: { path: string; reason: string; words: string }[];
  /** From the acceptance to the end. */
  seconds: number;
}

/** A file that came, or why it did not. */
export interface ReceivedFile {
  /** Names with `/` between them; a page may show them and save under them. */
  path: string;
  size: number;
  ok: boolean;
  /** Verified; on the disk until the page is gone, where the browser has one for pages. */
  blob?: File;
  reason?: 'mismatch' | 'unwritable' | 'vanished' | 'unreadable' | 'changed' | string;
  words?: string;
}

/** Files that the other side offers. */
export interface FilesOffer {
  id: number;
  files: { path: string; size: number }[];
  /** Bytes of all of them. */
  total: number;
  /** Takes them; rejects with a `FilesError`, as when they do not fit. */
  accept(options?: FilesOptions): Promise<ReceivedFile[]>;
  refuse(): Promise<void>;
  /** Settled when the offer stands no more: with why, if it came to nothing. */
  withdrawn: Promise<FilesError | undefined>;
}

/**
 * The files of a link, one transfer at a time: what a link is made with. It understands what
 * `airshake send` and `airshake receive` say.
 */
export class Transfers {
  /** `send` takes a message for the other side; a promise keeps the next one waiting. */
  static over(
    wire: { send(message: Uint8Array): Promise<void> | void },
    listeners?: { onOffer?: (offer: FilesOffer) => void; onWaits?: () => void },
  ): Promise<Transfers>;
  send(files: Iterable<FileToSend>, options?: FilesOptions): Promise<SentFiles>;
  /** Takes a message of the other side; with a promise, it counts as taken when that is settled. */
  heard(message: Uint8Array): Promise<void> | undefined;
  /** The link is over. */
  close(cause?: Error): void;
}

/** What was dropped onto a page, folders with all that is in them; to be called in the event. */
export function filesOf(dropped: DataTransfer): Promise<FileToSend[]>;
