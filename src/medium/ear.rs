//! Samples heard to happenings: what a microphone's stream says to a medium.

use super::{Happening, Hearing};
use crate::audio::level::Meter;
use crate::audio::spectrum::Spectroscope;
use crate::modem::{Diagnosis, Event, Loss, Profile, Receiver, ReceiverError, Report};
use crate::units::SampleRate;
use std::sync::{Arc, Mutex, PoisonError};

/// A receiver, a level meter and a spectroscope on one stream of samples.
pub(super) struct Ear {
    receiver: Receiver,
    meter: Meter,
    scope: Spectroscope,
    reporter: Reporter,
    rate: SampleRate,
    /// Within so many seconds of a carrier its header is read, or it was none.
    to_header_s: f64,
    heard_in: Option<&'static Profile>,
}

/// Tells at any time what was heard so far, and why it was not more. A clone tells the same, also
/// when the medium is elsewhere or gone.
#[derive(Clone, Debug)]
pub struct Reporter(Arc<Mutex<Diagnosis>>);

impl Reporter {
    /// What was heard so far. A microphone that changed its sample rate begins anew.
    pub fn report(&self) -> Report {
        self.with(|diagnosis| diagnosis.report())
    }

    fn with<T>(&self, work: impl FnOnce(&mut Diagnosis) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Ear {
    /// An ear for bursts of any of `profiles`.
    pub(super) fn new(
        profiles: &[&'static Profile],
        rate: SampleRate,
    ) -> Result<Self, ReceiverError> {
        Ok(Self {
            receiver: Receiver::new(profiles, rate)?,
            meter: Meter::new(rate),
            scope: Spectroscope::new(rate),
            reporter: Reporter(Arc::new(Mutex::new(Diagnosis::new(profiles, rate)))),
            rate,
            to_header_s: profiles
                .iter()
                .map(|profile| profile.seconds_to_header() + TO_NOTICE_S)
                .fold(0.0, f64::max),
            heard_in: None,
        })
    }

    /// Tells what it heard.
    #[cfg(feature = "live")]
    pub(super) fn reporter(&self) -> Reporter {
        self.reporter.clone()
    }

    /// Reports to `reporter` from now on, as if nothing had been heard before.
    #[cfg(feature = "live")]
    pub(super) fn reporting_to(mut self, reporter: Reporter) -> Self {
        let own = std::mem::replace(&mut self.reporter, reporter);
        let fresh = Arc::into_inner(own.0).map(Mutex::into_inner);
        if let Some(Ok(fresh)) = fresh {
            self.reporter.with(|diagnosis| *diagnosis = fresh);
        }
        self
    }

    /// The rate of the samples that [`Ear::hear`] takes.
    #[cfg(feature = "live")]
    pub(super) fn rate(&self) -> SampleRate {
        self.rate
    }

    /// The profile of the last message.
    #[cfg(feature = "live")]
    pub(super) fn heard_in(&self) -> Option<&'static Profile> {
        self.heard_in
    }

    /// Takes any number of samples and tells what they caused.
    pub(super) fn hear(&mut self, samples: &[f32], mut tell: impl FnMut(Happening)) {
        if let Some(level) = self.meter.push(samples) {
            tell(Happening::Level {
                rms: level.rms,
                peak: level.peak,
            });
        }
        if let Some(spectrum) = self.scope.push(samples) {
            tell(Happening::Spectrum(spectrum));
        }
        let position = self.receiver.position() + samples.len() as u64;
        self.reporter.with(|diagnosis| diagnosis.push(samples));
        for event in self.receiver.push(samples) {
            self.reporter.with(|diagnosis| diagnosis.note(&event));
            if let Event::Message(heard) = &event {
                self.heard_in = Profile::by_name(heard.profile);
            }
            let hearing = hearing(&event, position, self.rate);
            if let Some(happening) = happening(event, position, self.rate, self.to_header_s) {
                tell(happening);
            }
            if let Some(hearing) = hearing {
                tell(Happening::Hearing(hearing));
            }
        }
    }
}

/// What an event means to those above; `position` is where the stream is.
fn happening(event: Event, position: u64, rate: SampleRate, to_header_s: f64) -> Option<Happening> {
    match event {
        // Told at once, long before the header: the sooner the others fall silent, the fewer
        // collide. Noise makes a carrier now and then; it costs a short silence.
        Event::Carrier { .. } => Some(Happening::Carrier { for_s: to_header_s }),
        Event::Segment { .. } | Event::Unread(_) => None,
        Event::Header { until, .. } => Some(Happening::Carrier {
            for_s: rate.seconds(until.saturating_sub(position)),
        }),
        Event::Message(heard) => Some(Happening::Heard {
            envelope: heard.payload,
            snr: heard.snr,
        }),
        Event::Kept { .. } => Some(Happening::Garbled),
        // Each of its passes was told when it came; that their sum is given up is old news.
        Event::Lost {
            reason: Loss::Unreadable { .. },
            ..
        } => None,
        Event::Lost { .. } => Some(Happening::Garbled),
    }
}

/// What an event tells of how far something has come.
fn hearing(event: &Event, position: u64, rate: SampleRate) -> Option<Hearing> {
    match *event {
        Event::Carrier { level, .. } => Some(Hearing::Preamble { above: level }),
        Event::Header {
            bytes, pass, until, ..
        } => Some(Hearing::Header {
            bytes,
            pass,
            for_s: rate.seconds(until.saturating_sub(position)),
        }),
        Event::Segment { got, need, .. } => Some(Hearing::Part { got, need }),
        Event::Kept { passes, snr, .. } => Some(Hearing::Kept { passes, snr }),
        Event::Message(_) | Event::Unread(_) | Event::Lost { .. } => None,
    }
}

/// Seconds from when a header is whole until it is read: a header can only be looked for once its
/// preamble was noticed, and computing takes time too.
const TO_NOTICE_S: f64 = 0.05;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modem::Heard;
    use crate::units::Decibels;

    const RATE: SampleRate = SampleRate(48_000);
    const TO_HEADER_S: f64 = 0.25;

    #[test]
    fn a_header_announces_how_long_it_will_still_take() {
        let header = |until| Event::Header {
            at: 0,
            profile: "audible",
            bytes: Some(64),
            pass: 0,
            until,
        };
        assert_eq!(
            happening(header(96_000), 24_000, RATE, TO_HEADER_S),
            Some(Happening::Carrier { for_s: 1.5 })
        );
        // A receiver fed in large pieces may find the header after the end of its burst.
        assert_eq!(
            happening(header(96_000), 480_000, RATE, TO_HEADER_S),
            Some(Happening::Carrier { for_s: 0.0 })
        );
    }

    #[test]
    fn a_message_is_heard_and_a_burst_that_is_not_read_is_garbled_once() {
        let message = Event::Message(Heard {
            at: 0,
            end: 9,
            payload: b"hello".to_vec(),
            profile: "audible",
            passes: 1,
            snr: Decibels(20.0),
            clock_ppm: 0.0,
        });
        assert_eq!(
            happening(message, 9, RATE, TO_HEADER_S),
            Some(Happening::Heard {
                envelope: b"hello".to_vec(),
                snr: Decibels(20.0)
            })
        );
        let kept = Event::Kept {
            at: 0,
            pass: 0,
            passes: 1,
            snr: Decibels(3.0),
        };
        assert_eq!(
            happening(kept, 9, RATE, TO_HEADER_S),
            Some(Happening::Garbled)
        );
        let lost = |reason| Event::Lost {
            at: 0,
            profile: "audible",
            reason,
            snr: Decibels(3.0),
        };
        let unreadable = Loss::Unreadable { passes: 1 };
        assert_eq!(happening(lost(unreadable), 9, RATE, TO_HEADER_S), None);
        let unsupported = happening(lost(Loss::Unsupported), 9, RATE, TO_HEADER_S);
        assert_eq!(unsupported, Some(Happening::Garbled));
    }

    #[test]
    fn a_mere_carrier_is_told_until_its_header_is_due() {
        let carrier = Event::Carrier {
            at: 0,
            level: Decibels(9.0),
        };
        assert_eq!(
            happening(carrier, 0, RATE, TO_HEADER_S),
            Some(Happening::Carrier { for_s: TO_HEADER_S })
        );
    }

    #[test]
    fn a_burst_of_either_format_is_told_without_a_gap_from_its_preamble_to_its_end() {
        for (profile, pass) in Profile::ALL.iter().flat_map(|p| [(p, 0), (p, 1), (p, 4)]) {
            let burst = crate::modem::Transmitter::new(profile, RATE).burst(b"hello", pass);
            let mut samples = burst.expect("fits").into_samples();
            let end = RATE.seconds(samples.len() as u64);
            samples.resize(samples.len() + 24_000, 0.0);
            let mut ear = Ear::new(Profile::ALL, RATE).expect("an ear");
            let (mut now, mut until, mut messages) = (0.0, None::<f64>, 0);
            for block in samples.chunks(480) {
                now += RATE.seconds(block.len() as u64);
                ear.hear(block, |happening| match happening {
                    Happening::Carrier { for_s } => {
                        until = Some(until.unwrap_or(0.0).max(now + for_s));
                    }
                    Happening::Heard { .. } => messages += 1,
                    _ => {}
                });
                let is_told = until.is_none_or(|until| now.min(end) <= until);
                assert!(is_told, "{} {pass}: at {now} until {until:?}", profile.name);
            }
            assert_eq!(messages, 1, "{} {pass}", profile.name);
        }
    }

    #[test]
    fn a_burst_is_followed_from_its_preamble_over_its_header() {
        let burst = crate::modem::Transmitter::new(&Profile::AUDIBLE, RATE).burst(b"hello", 2);
        let mut samples = burst.expect("fits").into_samples();
        samples.resize(samples.len() + 24_000, 0.0);
        let mut ear = Ear::new(Profile::ALL, RATE).expect("an ear");
        let mut followed = Vec::new();
        for block in samples.chunks(480) {
            ear.hear(block, |happening| match happening {
                Happening::Hearing(hearing) => followed.push(Some(hearing)),
                Happening::Heard { .. } => followed.push(None),
                _ => {}
            });
        }
        let [
            Some(Hearing::Preamble { above }),
            Some(Hearing::Header {
                bytes: Some(5),
                pass: 2,
                for_s,
            }),
            None,
        ] = followed[..]
        else {
            panic!("{followed:?}");
        };
        assert!(above.0 > 0.0 && for_s < 0.5, "{above} {for_s}");
    }

    #[test]
    fn the_level_and_the_spectrum_are_told_ten_times_a_second() {
        let mut ear = Ear::new(Profile::ALL, RATE).expect("an ear");
        let (mut levels, mut spectra) = (0, 0);
        for _ in 0..100 {
            ear.hear(&[0.5; 480], |happening| {
                levels += usize::from(matches!(
                    happening,
                    Happening::Level {
                        rms: 0.5,
                        peak: 0.5
                    }
                ));
                spectra += usize::from(matches!(happening, Happening::Spectrum(_)));
            });
        }
        assert_eq!((levels, spectra), (10, 10));
    }

    #[cfg(feature = "live")]
    #[test]
    fn it_knows_in_which_profile_it_was_spoken_to() {
        let mut ear = Ear::new(Profile::ALL, RATE).expect("an ear");
        assert_eq!(ear.heard_in(), None);
        for profile in Profile::ALL.iter().rev() {
            let burst = crate::modem::Transmitter::new(profile, RATE).burst(b"hello", 0);
            let mut samples = burst.expect("fits").into_samples();
            samples.resize(samples.len() + 24_000, 0.0);
            ear.hear(&samples, |_| {});
            assert_eq!(ear.heard_in(), Some(*profile));
        }
    }
}
