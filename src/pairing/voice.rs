//! When to speak: one word at a time, never into another's, and less eagerly each time it
//! brought nothing.

use super::{Timing, chance::Chance};
use std::time::Duration;

/// Keeps the turn-taking of one speaker. It decides when, not what.
#[derive(Clone, Debug)]
pub(super) struct Voice {
    /// Ours is on its way or sounding, and must have ended by then even if nobody says so.
    saying: Option<Duration>,
    /// Since when it sounds, as the medium told.
    sounding: Option<Duration>,
    /// From the beginning of a word of ours until its carrier is noticed, as far as learnt.
    echo: Option<Duration>,
    /// A carrier was noticed since our word began.
    noticed: bool,
    /// The last word was given up for another's.
    yielded: bool,
    /// Somebody else is sounding until about then.
    quiet_until: Duration,
    /// When to speak next.
    speak_at: Option<Duration>,
    /// How long the last word of ours took.
    air: Duration,
    /// Words in a row that brought nothing.
    fruitless: u32,
}

impl Voice {
    pub(super) fn new() -> Self {
        Self {
            saying: None,
            sounding: None,
            echo: None,
            noticed: false,
            yielded: false,
            quiet_until: Duration::ZERO,
            speak_at: None,
            air: Duration::ZERO,
            fruitless: 0,
        }
    }

    /// How long the last word of ours took; zero before the first.
    pub(super) fn air(&self) -> Duration {
        self.air
    }

    pub(super) fn is_speaking(&self) -> bool {
        self.saying.is_some()
    }

    /// Whether the moment has come to begin a word.
    pub(super) fn is_due(&self, now: Duration) -> bool {
        self.next().is_some_and(|at| at <= now) && !self.is_speaking()
    }

    /// The next moment at which something is due: a word to begin, or one to be given up on.
    pub(super) fn next(&self) -> Option<Duration> {
        self.saying
            .or_else(|| self.speak_at.map(|at| at.max(self.quiet_until)))
    }

    /// Speak after `pause` and a random time up to `spread`; others are let finish first.
    pub(super) fn plan(
        &mut self,
        now: Duration,
        pause: Duration,
        spread: Duration,
        chance: &mut Chance,
    ) {
        self.speak_at = Some(now.max(self.quiet_until) + pause + chance.up_to(spread));
    }

    /// Say nothing until [`plan`](Self::plan)ned again.
    pub(super) fn rest(&mut self) {
        self.speak_at = None;
    }

    /// A word of ours has been handed to the medium.
    pub(super) fn begin(&mut self, now: Duration) {
        self.speak_at = None;
        self.saying = Some(now + LONGEST_WORD);
        self.sounding = None;
        self.noticed = false;
    }

    /// The medium says how long that word takes.
    pub(super) fn started(&mut self, now: Duration, air: Duration) {
        if self.is_speaking() {
            self.air = air.min(LONGEST_WORD);
            self.saying = Some(now + self.air + SLACK);
            self.sounding = Some(now);
        }
    }

    /// Whether a carrier noticed now cannot be our own: our word does not sound yet, or not long
    /// enough to be noticed. Then it is given up, so that one of the two is understood; but not
    /// twice in a row, lest a medium that notices sooner than that makes us mute.
    pub(super) fn gives_way(&mut self, now: Duration, timing: &Timing) -> bool {
        if !self.is_speaking() {
            return false;
        }
        // What our own sound takes to come back is what theirs takes to reach us, or nearly so:
        // sound cards delay both.
        let ours = self.echo.map_or(timing.own_carrier, |echo| echo * 3 / 4);
        let after = self.sounding.map(|since| now.saturating_sub(since));
        let early = after.is_none_or(|after| after < ours);
        if early && !self.yielded {
            self.saying = None;
            self.yielded = true;
            return true;
        }
        if let Some(after) = after
            && !self.noticed
        {
            self.echo = Some(self.echo.map_or(after, |echo| (echo + after) / 2));
        }
        self.noticed = true;
        false
    }

    /// Our word is over, whole or not. True if there was one.
    pub(super) fn end(&mut self) -> bool {
        let ended = self.saying.take().is_some();
        self.yielded &= !ended;
        ended
    }

    /// True if our word should long be over: the medium has lost it.
    pub(super) fn is_overdue(&self, now: Duration) -> bool {
        self.saying.is_some_and(|until| until <= now)
    }

    /// Somebody sounds for another `length`. Whoever waited for it to end then waits a random
    /// moment more, since others may be waiting for the same end.
    pub(super) fn yield_to_carrier(
        &mut self,
        now: Duration,
        length: Duration,
        timing: &Timing,
        chance: &mut Chance,
    ) {
        if self.is_speaking() {
            return;
        }
        let until = now + length.min(timing.longest_carrier) + timing.settle;
        self.quiet_until = self.quiet_until.max(until);
        if self.speak_at.is_some_and(|at| at < self.quiet_until) {
            self.speak_at = Some(self.quiet_until + chance.up_to(timing.spread / 2));
        }
    }

    /// What was sounding has been heard to its end: the air is free.
    pub(super) fn air_is_free(&mut self, now: Duration) {
        self.quiet_until = self.quiet_until.min(now);
    }

    /// The last word brought nothing, or words collided.
    pub(super) fn discourage(&mut self) {
        self.fruitless = (self.fruitless + 1).min(MOST_DISCOURAGED);
    }

    /// There is something new to say.
    pub(super) fn encourage(&mut self) {
        self.fruitless = 0;
    }

    /// The random part of the next pause. A word that takes longer than the spread collides over
    /// its whole length where carriers go unnoticed, so the spread is at least that.
    pub(super) fn spread(&self, timing: &Timing) -> Duration {
        timing.spread.max(self.air) * (self.fruitless + 1).max(2) / 2
    }
}

/// A word that is neither started nor finished after this is given up: 64 KiB by the slowest
/// profile is not a signal.
const LONGEST_WORD: Duration = Duration::from_secs(30);

/// How much later than announced a word may end.
const SLACK: Duration = Duration::from_secs(1);

/// Spreads grow to (this + 1) / 2 times, then no more: an arriving peer must not wait long for the
/// next offer.
const MOST_DISCOURAGED: u32 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn nobody_speaks_into_a_carrier() {
        let (mut voice, mut chance, timing) = (Voice::new(), Chance::new(3), Timing::default());
        voice.plan(ms(0), ms(100), ms(0), &mut chance);
        assert!(voice.is_due(ms(100)));
        voice.yield_to_carrier(ms(90), ms(400), &timing, &mut chance);
        assert!(!voice.is_due(ms(490)));
        assert!(voice.next().is_some_and(|at| at >= ms(490) + timing.settle));
    }

    #[test]
    fn our_own_carrier_does_not_hold_us_back() {
        let (mut voice, mut chance, timing) = (Voice::new(), Chance::new(3), Timing::default());
        voice.begin(ms(0));
        voice.yield_to_carrier(ms(50), ms(400), &timing, &mut chance);
        voice.end();
        voice.plan(ms(60), ms(0), ms(0), &mut chance);
        assert!(voice.is_due(ms(60)));
    }

    #[test]
    fn who_began_a_moment_later_gives_way_but_not_for_ever() {
        let (mut voice, timing) = (Voice::new(), Timing::default());
        let begin = |voice: &mut Voice| {
            voice.begin(ms(0));
            voice.started(ms(30), ms(350));
        };
        begin(&mut voice);
        assert!(
            !voice.gives_way(ms(30) + timing.own_carrier, &timing),
            "that is our own"
        );
        assert!(voice.gives_way(ms(31), &timing));
        assert!(!voice.is_speaking());
        begin(&mut voice);
        assert!(!voice.gives_way(ms(31), &timing), "never twice in a row");
        voice.end();
        begin(&mut voice);
        assert!(voice.gives_way(ms(31), &timing));
    }

    #[test]
    fn how_long_our_own_sound_takes_to_come_back_is_learnt() {
        let (mut voice, timing) = (Voice::new(), Timing::default());
        let begin = |voice: &mut Voice| {
            voice.begin(ms(0));
            voice.started(ms(0), ms(350));
        };
        begin(&mut voice);
        assert!(!voice.gives_way(ms(240), &timing), "that may be our own");
        voice.end();
        begin(&mut voice);
        assert!(!voice.gives_way(ms(230), &timing), "and so may that");
        voice.end();
        begin(&mut voice);
        assert!(voice.gives_way(ms(150), &timing), "ours takes 230 ms");
    }

    #[test]
    fn a_word_the_medium_forgets_is_given_up() {
        let mut voice = Voice::new();
        voice.begin(ms(0));
        voice.started(ms(20), ms(350));
        assert!(!voice.is_overdue(ms(370)));
        assert!(voice.is_overdue(ms(370) + SLACK));
    }

    #[test]
    fn spreads_grow_with_failures_and_stop_growing() {
        let (mut voice, timing) = (Voice::new(), Timing::default());
        let first = voice.spread(&timing);
        let mut last = first;
        for _ in 0..20 {
            voice.discourage();
            assert!(voice.spread(&timing) >= last);
            last = voice.spread(&timing);
        }
        assert_eq!(last, timing.spread * 3);
        voice.encourage();
        assert_eq!(voice.spread(&timing), first);
    }
}
