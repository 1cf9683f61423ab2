//! How long to listen, to wait, and to hope: every time constant of pairing, with its reason.

use std::time::Duration;

/// The times a [`Machine`](super::Machine) keeps. The defaults suit sound of 0.2 to 2 s a burst.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Listen at least this long before the first word: time to notice a burst that is already
    /// under way.
    pub listen: Duration,
    /// Then wait a random time up to this. Two who start at the same moment are told apart by
    /// it, so it is several times what the other needs to notice a carrier: if that takes w and
    /// the spread is s, they collide with probability 2 w/s - (w/s)^2.
    pub listen_spread: Duration,
    /// Pause after an offer before it may be repeated: the other decodes it, prepares its answer
    /// and begins to speak, and its carrier must reach us.
    pub offer_pause: Duration,
    /// Pause after an answer before it may be repeated: the other decodes it and its first
    /// connectivity check comes back over the network.
    pub answer_pause: Duration,
    /// Random part of every pause; it grows with each word that brought nothing, since two may
    /// have spoken at once. Who comes later has not heard the first word and waits for the next, which
    /// a shorter one brings sooner; but then more of them collide. Of what was tried from 0.6 to 1.4 s,
    /// with up to 1.6 s before the first word, this takes least time in nineteen pairings of twenty. With a
    /// beacon of 0.5 s and its pause, the next one follows after 1.5 s in the mean.
    pub spread: Duration,
    /// A carrier noticed sooner than this after our own word began is somebody else's: ours has
    /// not sounded long enough. The modem notices a preamble 0.09 to 0.14 s after its beginning,
    /// and sound cards only add to that; were this longer, we would give way to ourselves.
    /// Only until it is learnt how long our own sound takes to come back.
    pub own_carrier: Duration,
    /// Kept silent after a carrier should have ended: decoding takes a moment.
    pub settle: Duration,
    /// The longest a single carrier notice is believed.
    pub longest_carrier: Duration,
    /// Who hears a beacon connects at once, and says its answer when no sign of life has come after
    /// this. A check over a local network takes milliseconds, or tenths of a second where a
    /// wireless station sleeps; half of this is enough if the beacon comes again, since whoever
    /// says it knows of nobody. Who was knocked at waits no longer either.
    pub one_sound_patience: Duration,
    /// The offerer, having heard an answer, waits this long for the first sign of life over the
    /// network before it makes a new offer.
    pub link_patience: Duration,
    /// Once there are signs of life, the link must be proven within this.
    pub proof_patience: Duration,
    /// The answerer gives up on an offerer not heard for this long. More than
    /// [`link_patience`](Self::link_patience): the offerer is silent while it tries to connect.
    pub answer_patience: Duration,
    /// An answerer turns to another offer when its own offerer has been silent for this long.
    pub turn_away: Duration,
    /// Where somebody is heard and nothing comes over the network, that is told this long after
    /// they were first understood, or sooner. It is to be known within 15 s of the beginning of
    /// that sound, which takes up to 2 s.
    pub told_within: Duration,
    /// The whole attempt ends after this, except that a link about to be proven is waited for.
    pub deadline: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            listen: Duration::from_millis(100),
            listen_spread: Duration::from_millis(1600),
            offer_pause: Duration::from_millis(500),
            answer_pause: Duration::from_millis(500),
            spread: Duration::from_millis(1000),
            own_carrier: Duration::from_millis(85),
            settle: Duration::from_millis(150),
            longest_carrier: Duration::from_secs(10),
            one_sound_patience: Duration::from_secs(2),
            link_patience: Duration::from_millis(2500),
            proof_patience: Duration::from_secs(6),
            answer_patience: Duration::from_secs(6),
            turn_away: Duration::from_millis(2500),
            told_within: Duration::from_secs(13),
            deadline: Duration::from_secs(60),
        }
    }
}
