//! Bytes to samples.

use airshake::json;
use airshake::json::Value;
use airshake::modem::{Burst, Profile, Transmitter};
use airshake::samples::Resampler;
use airshake::units::SampleRate;

use super::refusal::Refusal;

/// One burst, made as it is read.
pub(crate) struct Voice(Burst);

impl Voice {
    pub(crate) fn new(profile: u32, rate: u32, pass: u32, payload: &[u8]) -> Result<Self, Refusal> {
        let profile = Profile::ALL.get(profile as usize);
        let profile =
            profile.ok_or_else(|| Refusal::usage("no profile has that number".to_owned()))?;
        let rate = SampleRate(rate);
        let (least, most) = (profile.lowest_rate, *Resampler::RATES.end());
        if rate < least || rate > most {
            return Err(Refusal::limit(format!(
                "a sample rate of {rate} does not do for {}: {least} to {most} does",
                profile.name
            )));
        }
        // The redundancy of a loop begins again after eight passes.
        let burst = Transmitter::new(profile, rate).burst(payload, (pass % 8) as u8);
        let burst = burst.map_err(|error| Refusal::limit(error.to_string()))?;
        Ok(Self(burst))
    }

    /// Samples from first to last.
    pub(crate) fn len(&self) -> f64 {
        self.0.len() as f64
    }

    pub(crate) fn read(&mut self, out: &mut [f32]) -> usize {
        self.0.read(out)
    }
}

pub(crate) fn profiles() -> String {
    let row = |profile: &&Profile| {
        json!({
            "name": profile.name,
            "purpose": profile.purpose,
            "lowestRate": profile.lowest_rate.0,
            "secondsToHeader": (1e3 * profile.seconds_to_header()).round() / 1e3,
        })
    };
    Profile::ALL.iter().map(row).collect::<Value>().to_string()
}
