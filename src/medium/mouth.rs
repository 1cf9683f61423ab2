//! Envelopes to samples: what a medium gives to a loudspeaker.

use super::MediumError;
use crate::modem::{Burst, MAX_PAYLOAD, Profile, TransmitError, Transmitter};
use crate::units::SampleRate;

/// A transmitter, and what it is saying.
pub(super) struct Mouth {
    transmitter: Transmitter,
    rate: SampleRate,
    volume: f32,
    speech: Option<Burst>,
}

impl Mouth {
    /// A mouth that makes samples at `rate` with a largest magnitude of `volume`, `0.0..=1.0`.
    pub(super) fn new(
        profile: &'static Profile,
        rate: SampleRate,
        volume: f32,
    ) -> Result<Self, MediumError> {
        if rate < profile.lowest_rate {
            return Err(MediumError::Device(format!(
                "a loudspeaker at {rate} does not hold the band of {}: at least {} is needed",
                profile.name, profile.lowest_rate
            )));
        }
        Ok(Self {
            transmitter: Transmitter::new(profile, rate),
            rate,
            // Not a number is not loud.
            volume: if volume.is_nan() {
                0.0
            } else {
                volume.clamp(0.0, 1.0)
            },
            speech: None,
        })
    }

    /// The rate of the samples that [`Mouth::speak`] makes.
    #[cfg(feature = "live")]
    pub(super) fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Begins to say `envelope`, instead of whatever was being said; gives the seconds it takes.
    ///
    /// Making the first samples takes half a millisecond, 30 ms for the longest envelope, so
    /// there is no use in doing it ahead.
    pub(super) fn say(&mut self, envelope: &[u8], pass: u8) -> Result<f64, MediumError> {
        let burst = self.transmitter.burst(envelope, pass);
        let burst = burst
            .map_err(|TransmitError::TooLong { got, max }| MediumError::TooLong { got, max })?;
        let seconds = self.rate.seconds(burst.len());
        self.speech = Some(burst);
        Ok(seconds)
    }

    /// Fills the front of `out` with what is being said; returns how many samples that are, 0
    /// when it has ended.
    pub(super) fn speak(&mut self, out: &mut [f32]) -> usize {
        let Some(burst) = &mut self.speech else {
            return 0;
        };
        let count = burst.read(out);
        for sample in &mut out[..count] {
            *sample *= self.volume;
        }
        if count == 0 && !out.is_empty() {
            self.speech = None;
        }
        count
    }

    /// Stops.
    pub(super) fn hush(&mut self) {
        self.speech = None;
    }

    /// Whether there is more to [`Mouth::speak`].
    pub(super) fn is_speaking(&self) -> bool {
        self.speech.is_some()
    }
}

/// Whether an envelope fits into a message.
pub(super) fn check_length(envelope: &[u8]) -> Result<(), MediumError> {
    if envelope.len() > MAX_PAYLOAD {
        return Err(MediumError::TooLong {
            got: envelope.len(),
            max: MAX_PAYLOAD,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mouth(volume: f32) -> Mouth {
        Mouth::new(&Profile::AUDIBLE, SampleRate::HZ_48000, volume).expect("a mouth")
    }

    fn all(mouth: &mut Mouth) -> Vec<f32> {
        let (mut spoken, mut block) = (Vec::new(), [0.0; 1000]);
        loop {
            match mouth.speak(&mut block) {
                0 => return spoken,
                count => spoken.extend_from_slice(&block[..count]),
            }
        }
    }

    #[test]
    fn it_says_as_much_as_it_announces_and_as_loud_as_it_is_told() {
        let mut loud = mouth(1.0);
        let seconds = loud.say(b"hello", 0).expect("fits");
        assert!(loud.is_speaking());
        let spoken = all(&mut loud);
        assert!(!loud.is_speaking());
        assert_eq!(
            SampleRate::HZ_48000.samples_in(seconds),
            spoken.len() as u64
        );
        let mut quiet = mouth(0.25);
        quiet.say(b"hello", 0).expect("fits");
        let quarter: Vec<f32> = spoken.iter().map(|sample| 0.25 * sample).collect();
        assert_eq!(all(&mut quiet), quarter);
    }

    #[test]
    fn a_hushed_mouth_has_nothing_to_say() {
        let mut mouth = mouth(1.0);
        mouth.say(b"hello", 0).expect("fits");
        mouth.hush();
        assert!(!mouth.is_speaking());
        assert_eq!(mouth.speak(&mut [0.0; 100]), 0);
    }

    #[test]
    fn a_rate_that_does_not_hold_the_band_is_refused() {
        let lowest = Profile::AUDIBLE.lowest_rate;
        let error = Mouth::new(&Profile::AUDIBLE, SampleRate(lowest.0 - 1), 1.0).err();
        assert!(matches!(error, Some(MediumError::Device(_))), "{error:?}");
        assert!(Mouth::new(&Profile::AUDIBLE, lowest, 1.0).is_ok());
    }

    #[test]
    fn an_envelope_that_is_too_long_is_refused_with_both_numbers() {
        let long = vec![0; MAX_PAYLOAD + 1];
        let error = MediumError::TooLong {
            got: MAX_PAYLOAD + 1,
            max: MAX_PAYLOAD,
        };
        assert_eq!(check_length(&long), Err(error.clone()));
        assert_eq!(mouth(1.0).say(&long, 0), Err(error));
        assert_eq!(check_length(&[0; MAX_PAYLOAD]), Ok(()));
    }
}
