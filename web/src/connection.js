// One RTCPeerConnection and its one channel, which tells what happens to it.

/** How long the browser may look for its addresses, in milliseconds: its own are there at once. */
const GATHERING = 300;

/** How long the first of them may take: a name for an address is asked for over the network. */
const FIRST_ADDRESS = 1500;

/** How long the last words may take to leave, in milliseconds. */
const LAST_WORDS = 500;

/** What comes before it is known from whom: a knock and a hello. */
const MOST_EARLY = 8;

/** One try to connect. */
export class Connection {
  /**
   * @param {RTCConfiguration | undefined} rtc
   * @param {(told: object, bytes?: Uint8Array) => void} tell what a pairing is told, but for the attempt
   */
  constructor(rtc, tell) {
    this.tell = tell;
    this.pc = new RTCPeerConnection(rtc);
    // Known to both beforehand: nothing has to be said in the channel to open it.
    this.channel = this.pc.createDataChannel('', { negotiated: true, id: 0 });
    this.channel.binaryType = 'arraybuffer';
    this.closed = false;
    /** What came before the certificates were known. */
    this.early = [];
    /** Who takes what comes, once somebody has. @type {{hear: Function, gone: Function} | undefined} */
    this.link = undefined;
    /** Channels of the other side's, which nobody may use before it is accepted. */
    this.pc.ondatachannel = ({ channel }) => {
      if (!this.link?.channel(channel)) channel.close();
    };
    this.pc.oniceconnectionstatechange = () => {
      switch (this.pc.iceConnectionState) {
        case 'connected':
        case 'completed':
          return this.say({ told: 'reached' });
        case 'failed':
          return this.link || this.fail('the network brings nothing to the other side');
      }
    };
    this.pc.onconnectionstatechange = () => {
      if (this.pc.connectionState === 'failed' && !this.link) this.fail('the connection failed');
    };
    this.channel.onopen = () => this.attempt(() => this.open());
    this.channel.onmessage = ({ data }) => this.hear(data);
    this.channel.onclose = () => (this.link ? this.link.gone() : this.fail('the other side closed the connection'));
  }

  /** Makes an offer, or an answer to that one. */
  describe(/** @type {string | undefined} */ offer) {
    return this.attempt(async () => {
      if (offer !== undefined) await this.pc.setRemoteDescription({ type: 'offer', sdp: offer });
      await this.pc.setLocalDescription();
      await this.gathered();
      this.say({ told: 'described', sdp: this.pc.localDescription.sdp });
    });
  }

  /** Takes the other side's answer. */
  accept(/** @type {'answer' | 'pranswer'} */ type, /** @type {string} */ sdp) {
    return this.attempt(async () => {
      try {
        await this.pc.setRemoteDescription({ type, sdp });
      } catch (error) {
        // Firefox takes no answer that another may follow. Without it nobody comes in unasked; but
        // who tried in vain says where it is, by sound, and that is the answer.
        if (type !== 'pranswer' || error?.name !== 'NotSupportedError') throw error;
      }
    });
  }

  send(/** @type {Uint8Array} */ message) {
    if (this.channel.readyState === 'open') this.attempt(() => this.channel.send(message));
  }

  /** Lets go of it, once what was sent has left if that matters. */
  close(/** @type {boolean} */ gently) {
    if (this.closed) return;
    this.closed = true;
    const end = () => this.pc.close();
    if (gently && this.channel.readyState === 'open') this.flushed(LAST_WORDS).then(end, end);
    else end();
  }

  /** Waits until what was sent has left, and a moment for it to arrive, but no longer than that. */
  async flushed(/** @type {number} */ ms) {
    const until = performance.now() + ms;
    while (this.channel.bufferedAmount > 0 && performance.now() < until) await pause(5);
    await pause(Math.min(100, ms));
  }

  /** Our addresses, as many as there are soon. */
  async gathered() {
    const { pc } = this;
    const until = performance.now();
    const has = () => /^a=candidate:/m.test(pc.localDescription?.sdp ?? '');
    await new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      const late = () => (has() || performance.now() - until >= FIRST_ADDRESS ? done() : (timer = setTimeout(late, 20)));
      let timer = setTimeout(late, GATHERING);
      const look = () => (pc.iceGatheringState === 'complete' || pc.signalingState === 'closed') && done();
      pc.onicegatheringstatechange = look;
      look();
    });
  }

  /** The channel is open: tells whose certificates its ends use, then what came meanwhile. */
  async open() {
    const { pc } = this;
    const ours = fingerprint(pc.localDescription.sdp);
    const [theirs] = pc.sctp?.transport?.getRemoteCertificates?.() ?? [];
    // Where it is not shown, the engine has compared it with what it was told.
    const hash = theirs ? await sha256(theirs) : fingerprint(pc.currentRemoteDescription?.sdp ?? pc.remoteDescription.sdp);
    this.say({ told: 'opened', ours, theirs: hash }, crypto.getRandomValues(new Uint8Array(48)));
    const { early } = this;
    this.early = undefined;
    for (const data of early) this.hear(data);
  }

  hear(data) {
    if (this.closed) return;
    if (this.early) {
      if (this.early.push(data) > MOST_EARLY) this.fail('the other side said too much at once');
      return;
    }
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data);
    if (this.link) this.link.hear(bytes);
    else this.say({ told: 'message' }, bytes);
  }

  say(told, bytes) {
    if (!this.closed && !this.link) this.tell(told, bytes);
  }

  fail(/** @type {string} */ words) {
    this.say({ told: 'failed', words });
  }

  /** Does something that may fail; that is told. */
  async attempt(act) {
    try {
      await act();
    } catch (error) {
      if (this.link) this.link.gone();
      else this.fail(`the browser refuses: ${error?.message ?? error}`);
    }
  }
}

/** The hash of a certificate, as in a session description. */
function fingerprint(/** @type {string} */ sdp) {
  const [, hash] = /^a=fingerprint:(sha-256 [0-9A-F:]+)\s*$/im.exec(sdp) ?? [];
  if (!hash) throw new Error('it names no SHA-256 of its certificate');
  return hash;
}

async function sha256(/** @type {ArrayBuffer} */ certificate) {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', certificate));
  return `sha-256 ${[...hash].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;
}

function pause(/** @type {number} */ ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
