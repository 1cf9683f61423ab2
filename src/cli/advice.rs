//! What a listener is told meanwhile: why what it hears cannot be read, each cause once.

use std::time::Duration;

use airshake::medium::Reporter;
use airshake::modem::{Finding, Report};

use super::report;
use super::talk::Talk;

/// Looks now and then at what was heard, and tells what is new.
pub(crate) struct Advice {
    reporter: Option<Reporter>,
    due: Duration,
    told: Told,
}

impl Advice {
    pub(crate) fn new(reporter: Option<Reporter>) -> Self {
        Self {
            reporter,
            due: EVERY,
            told: Told::default(),
        }
    }

    /// To be called often; does little most of the times.
    pub(crate) fn give(&mut self, talk: &Talk) {
        let now = talk.elapsed();
        let Some(reporter) = self.reporter.as_ref().filter(|_| now >= self.due) else {
            return;
        };
        self.due = now + EVERY;
        if let Some(finding) = self.told.news(&reporter.report()) {
            talk.event("finding", report::finding_as_json(&finding));
            talk.screen(|scene, _| scene.hint(&finding.to_string(), &finding.advice()));
            talk.line(&format!("{finding}\n  {}", finding.advice()));
        }
    }
}

/// The names of the causes that were told.
#[derive(Debug, Default)]
struct Told(Vec<&'static str>);

impl Told {
    /// The likeliest cause, if it is one to be told while listening and was not told yet.
    fn news(&mut self, report: &Report) -> Option<Finding> {
        let finding = *report.findings.first()?;
        let worth_telling = match finding {
            // So it is as long as nobody speaks.
            Finding::Empty
            | Finding::TooShort { .. }
            | Finding::OnlyNoise { .. }
            | Finding::NoBurst { .. } => false,
            // The microphone tells this by itself.
            Finding::Silence { .. } => false,
            // There is no end yet.
            Finding::CutOff { .. } => false,
            // Music seems to hold a preamble now and then.
            _ if is_of_a_burst(&finding) => report.sure,
            _ => report.seconds >= SETTLED_S,
        };
        let news = worth_telling && !self.0.contains(&finding.name());
        news.then(|| {
            self.0.push(finding.name());
            finding
        })
    }
}

/// Whether it tells where a burst began.
fn is_of_a_burst(finding: &Finding) -> bool {
    finding.figures().iter().any(|(name, _)| *name == "at_s")
}

/// Soon enough for somebody who waits.
const EVERY: Duration = Duration::from_secs(2);

/// What is true of all of the sound shows after some seconds.
const SETTLED_S: f64 = 5.0;

#[cfg(test)]
mod tests {
    use super::*;
    use airshake::air::Random;
    use airshake::modem::{Diagnosis, Event, Loss, Profile, Receiver, Transmitter};
    use airshake::units::{Decibels, SampleRate};

    const RATE: SampleRate = SampleRate::HZ_48000;

    /// What a listener is told of a sound, asked every two seconds.
    fn told(sound: &[f32]) -> Vec<&'static str> {
        let mut receiver = Receiver::new(Profile::ALL, RATE).expect("a receiver");
        let mut diagnosis = Diagnosis::new(Profile::ALL, RATE);
        let mut told = Told::default();
        let mut names = Vec::new();
        for piece in sound.chunks(2 * 48_000) {
            diagnosis.push(piece);
            for event in receiver.push(piece) {
                diagnosis.note(&event);
            }
            names.extend(told.news(&diagnosis.report()).map(|f| f.name()));
        }
        names
    }

    fn noise(seconds: f64, rms: f32) -> Vec<f32> {
        let mut random = Random::new(1, "advice");
        (0..RATE.samples_in(seconds))
            .map(|_| rms * random.gaussian() as f32)
            .collect()
    }

    /// A burst a second into each ten seconds of noise.
    fn bursts(seconds: f64, noise_rms: f32, gain: f32) -> Vec<f32> {
        let mut sound = noise(seconds, noise_rms);
        let burst = Transmitter::new(&Profile::AUDIBLE, RATE).burst(&[7; 64], 0);
        let burst = burst.expect("fits").into_samples();
        for start in (48_000..sound.len() - burst.len()).step_by(480_000) {
            for (slot, x) in sound[start..].iter_mut().zip(&burst) {
                *slot += gain * x;
            }
        }
        sound
    }

    #[test]
    fn a_quiet_room_and_one_where_all_is_read_are_left_in_peace() {
        assert_eq!(told(&noise(20.0, 0.01)), [""; 0]);
        assert_eq!(told(&[0.0; 480_000]), [""; 0]);
        assert_eq!(told(&bursts(20.0, 0.001, 0.3)), [""; 0]);
    }

    #[test]
    fn what_is_cut_off_by_the_converter_is_told_once() {
        let loud: Vec<f32> = bursts(20.0, 2.0, 0.3)
            .iter()
            .map(|x| x.clamp(-1.0, 1.0))
            .collect();
        assert_eq!(told(&loud), ["clipped"]);
    }

    #[test]
    fn a_microphone_that_is_turned_down_is_told_once() {
        // At -95 dBFS.
        let quiet: Vec<f32> = noise(20.0, 1.8e-5);
        assert_eq!(told(&quiet), ["too-quiet"]);
    }

    #[test]
    fn a_burst_that_drowns_is_told_once() {
        let lost = |at| Event::Lost {
            at,
            profile: "audible",
            reason: Loss::Unreadable { passes: 1 },
            snr: Decibels(-4.0),
        };
        let mut diagnosis = Diagnosis::new(Profile::ALL, RATE);
        let mut told = Told::default();
        let mut tell = |seconds: u64| {
            diagnosis.push(&noise(1.0, 0.1));
            diagnosis.note(&lost(seconds * 48_000));
            told.news(&diagnosis.report()).map(|finding| finding.name())
        };
        assert_eq!(tell(1), Some("too-noisy"));
        assert_eq!(tell(5), None);
    }
}
