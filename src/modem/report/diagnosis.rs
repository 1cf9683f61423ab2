//! Weighs what was heard and how far the receiver came.

use crate::order::sort_by;
use crate::samples::LongSpectrum;
use crate::units::{Decibels, Hertz, SampleRate};

use super::Finding;
use super::loudness::Loudness;
use crate::modem::reader::STRETCH_MOST;
use crate::modem::{Event, Loss, Profile, Unread};

/// Bursts that are remembered: the clearest ones.
const BURSTS: usize = 8;
/// Preambles and headers that are remembered, to tell what belongs together.
const RECENT: usize = 32;
/// Sightings within so many seconds are of one burst and its echoes.
const SAME_S: f64 = 0.1;
/// A preamble in the first so many seconds of the input is no evidence of a burst: there is not
/// enough sound before it to stand out of. Its tones are, if they stand out.
const WARM_UP_S: f64 = 0.08;
/// Tones that stand out by so many standard deviations are tones. By chance that happens once in
/// three million independent looks, and a search over clock errors makes some 30.
const SURE_SIGMAS: f32 = 5.0;
/// Ratio of the tones of one symbol to the noise in their band at which nine of ten headers can be
/// read, measured in white noise (`tests/report.rs` keeps it true).
const NEEDED: Decibels = Decibels(-1.5);
/// Less than this more would not be noticed, in dB.
const MORE: f32 = 3.0;
/// A burst this much louder than the time before it is not drowned in noise.
const LOUD: f32 = 10.0;
/// Delays beyond this are echo; [`Unread::spread_s`] shows 3 ms without any.
const ECHO_SPREAD_S: f32 = 0.005;
/// Below this level in dBFS a burst meets the noise of 16-bit samples (-101 dBFS from 0 to half
/// the rate) with less than the 20 dB that leave room for everything else.
const QUIET_DBFS: f64 = -80.0;
/// Blocks of steady noise differ by less: 20 ms of 200 Hz of bandwidth, the narrowest noise one
/// meets, keep within +-3 dB.
const STEADY: f64 = 6.0;
/// A burst is played with its crests cut off 5 dB above its mean power, where 7.5 % of normal
/// amplitudes lie. Twice as many are not ours, and less does no harm.
const CLIPPED_SHARE: f64 = 0.15;
/// And this part of the time there must be such places.
const CLIPPED_TIME: f64 = 0.01;
/// A band that ends below this part of the profile's is a likely cause by itself.
const BAND_PART: f64 = 0.6;
/// The narrowest channel that anybody speaks through, short-wave radio, ends at 2.4 kHz; what ends
/// below is a sound without overtones.
const NARROWEST: Hertz = Hertz(2_300.0);
/// This many gaps are no accident.
const GAPS: u64 = 3;

/// Listens beside a receiver, and says at any time why nothing was decoded.
///
/// ```
/// use airshake::modem::{Diagnosis, Profile, Receiver};
/// use airshake::units::SampleRate;
///
/// let rate = SampleRate::HZ_48000;
/// let sound = vec![0.0; 48_000];
/// let mut receiver = Receiver::new(Profile::ALL, rate)?;
/// let mut diagnosis = Diagnosis::new(Profile::ALL, rate);
/// diagnosis.push(&sound);
/// for event in receiver.push(&sound) {
///     diagnosis.note(&event);
/// }
/// let report = diagnosis.report();
/// assert_eq!(report.findings[0].name(), "silence");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Diagnosis {
    rate: SampleRate,
    profiles: Vec<&'static Profile>,
    loudness: Loudness,
    spectrum: LongSpectrum,
    /// Preambles: where, and how far they stood out.
    carriers: Recent<(u64, Decibels)>,
    /// Frames whose header was read: from, until.
    headers: Recent<(u64, u64)>,
    bursts: Vec<Burst>,
    messages: u64,
}

/// A burst that was not read.
#[derive(Clone, Copy, Debug)]
struct Burst {
    at: u64,
    level: Decibels,
    unread: Option<Unread>,
    lost: Option<(Loss, Decibels)>,
}

/// The last few of something.
#[derive(Debug)]
struct Recent<T>(std::collections::VecDeque<T>);

/// What was heard, and why it was not more.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// How long it listened.
    pub seconds: f64,
    /// Mean level in dB against a square wave of full scale; `None` if all was zero.
    pub rms_dbfs: Option<f64>,
    /// Largest sample in dB against full scale; `None` if all was zero.
    pub peak_dbfs: Option<f64>,
    /// Messages that were read.
    pub messages: u64,
    /// Causes, the likeliest first. Where a message was read, only those of other bursts that were
    /// not; never empty where none was.
    pub findings: Vec<Finding>,
    /// Whether there surely was a burst that was not read, and not only what looks like its
    /// preamble.
    pub sure: bool,
}

impl Diagnosis {
    /// For a receiver of `profiles` at `rate`. Allocates here.
    pub fn new(profiles: &[&'static Profile], rate: SampleRate) -> Self {
        Self {
            rate,
            profiles: profiles.to_vec(),
            loudness: Loudness::new(rate),
            spectrum: LongSpectrum::new(rate),
            carriers: Recent::default(),
            headers: Recent::default(),
            bursts: Vec::with_capacity(BURSTS + 1),
            messages: 0,
        }
    }

    /// Takes the samples that the receiver takes, in any cut, full scale 1.
    pub fn push(&mut self, samples: &[f32]) {
        self.loudness.push(samples);
        self.spectrum.push(samples);
    }

    /// Says that so many more of the samples taken were no numbers, before who read the file
    /// replaced them by 0.
    pub fn replaced(&mut self, samples: u64) {
        self.loudness.replaced(samples);
    }

    /// Takes what the receiver said.
    pub fn note(&mut self, event: &Event) {
        match *event {
            Event::Carrier { at, level } => self.carriers.put((at, level)),
            Event::Header { at, until, .. } => self.headers.put((at, until)),
            Event::Message(ref heard) => {
                self.messages += 1;
                self.bursts
                    .retain(|burst| burst.at < heard.at || burst.at >= heard.end);
            }
            Event::Unread(unread) => {
                if let Some(burst) = self.burst(unread.at) {
                    burst.unread = Some(unread);
                }
            }
            Event::Lost {
                at, reason, snr, ..
            } => {
                if let Some(burst) = self.burst(at) {
                    burst.lost = Some((reason, snr));
                }
            }
            Event::Segment { .. } | Event::Kept { .. } => {}
        }
    }

    /// The burst that begins there, a new one if it is not known; `None` inside of one whose
    /// header was read.
    fn burst(&mut self, at: u64) -> Option<&mut Burst> {
        let same = self.rate.samples_in(SAME_S);
        let inside = self
            .headers
            .iter()
            .any(|(from, until)| from.saturating_add(same) < at && at < *until);
        if inside {
            return None;
        }
        let known = self
            .bursts
            .iter()
            .position(|burst| burst.at.abs_diff(at) < same);
        if let Some(known) = known {
            return self.bursts.get_mut(known);
        }
        let level = self
            .carriers
            .iter()
            .filter(|(carrier, _)| carrier.abs_diff(at) < same)
            .map(|(_, level)| *level)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .unwrap_or(Decibels(0.0));
        if self.bursts.len() == BURSTS {
            let worst = (0..BURSTS).min_by(|a, b| {
                let worth = |i: &usize| self.bursts[*i].worth();
                worth(a).total_cmp(&worth(b))
            })?;
            self.bursts.remove(worst);
        }
        self.bursts.push(Burst {
            at,
            level,
            unread: None,
            lost: None,
        });
        self.bursts.last_mut()
    }

    /// What it came to so far.
    pub fn report(&self) -> Report {
        Report {
            seconds: self.loudness.seconds(),
            rms_dbfs: self.loudness.rms_dbfs(),
            peak_dbfs: self.loudness.peak_dbfs(),
            messages: self.messages,
            findings: self.findings(),
            sure: self.bursts.iter().any(|burst| self.is_certain(burst)),
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let mut bursts: Vec<&Burst> = self
            .bursts
            .iter()
            .filter(|burst| self.is_credible(burst))
            .collect();
        sort_by(&mut bursts, |a, b| b.worth().total_cmp(&a.worth()));
        let mut findings = Vec::new();
        let mut add = |finding: Finding| {
            let known = |f: &Finding| f.name() == finding.name();
            if !findings.iter().any(known) {
                findings.push(finding);
            }
        };
        if self.messages > 0 {
            bursts.iter().for_each(|burst| add(self.of_burst(burst)));
            return findings;
        }
        if let Some(finding) = self.nothing_there() {
            return vec![finding];
        }
        // A burst that shows its own cause speaks for itself. What is wrong with all of the sound
        // comes before what merely looks like noise.
        let whole = self.of_the_whole();
        let (likely, possible) = whole.split_at(whole.iter().filter(|(likely, _)| *likely).count());
        let of_bursts = bursts.iter().map(|burst| self.of_burst(burst));
        of_bursts
            .filter(Finding::is_of_the_burst)
            .for_each(&mut add);
        likely.iter().for_each(|(_, finding)| add(*finding));
        bursts.iter().for_each(|burst| add(self.of_burst(burst)));
        if bursts.is_empty() {
            add(self.no_burst());
        }
        possible.iter().for_each(|(_, finding)| add(*finding));
        findings
    }

    /// Input in which nothing can be.
    fn nothing_there(&self) -> Option<Finding> {
        let seconds = self.loudness.seconds();
        if seconds == 0.0 {
            return Some(Finding::Empty);
        }
        if self.loudness.not_numbers() > 0.5 {
            let share = self.loudness.not_numbers();
            return Some(Finding::NotNumbers { share });
        }
        if self.loudness.rms_dbfs().is_none() {
            return Some(Finding::Silence { seconds });
        }
        let shortest = self.profiles.iter().map(|profile| profile.shortest_s());
        let needed_s = shortest.fold(f64::INFINITY, f64::min);
        // Where a header was heard the end is missing, and it is known how much of it.
        let certain = self.bursts.iter().any(|burst| self.is_certain(burst));
        (seconds < needed_s && !certain).then_some(Finding::TooShort { seconds, needed_s })
    }

    /// What is wrong with all of the sound: first what is a cause by itself.
    fn of_the_whole(&self) -> Vec<(bool, Finding)> {
        let mut found = Vec::new();
        let loud = self.loudness.quantile_dbfs(1.0);
        if let Some(level_dbfs) = loud.filter(|level| *level < QUIET_DBFS) {
            let missing = Decibels((QUIET_DBFS - level_dbfs) as f32);
            found.push((
                true,
                Finding::TooQuiet {
                    level_dbfs,
                    missing,
                },
            ));
        }
        let share = self.loudness.clipped();
        if share > CLIPPED_SHARE && self.loudness.clipped_time() > CLIPPED_TIME {
            let over = too_loud(share);
            found.push((true, Finding::Clipped { share, over }));
        }
        if let Some(above) = self.end_of_band() {
            let half = self.highest_tone().0 * BAND_PART;
            found.push((above.0 < half, Finding::BandMissing { above }));
        }
        let gates = self.loudness.gates();
        if gates >= GAPS {
            found.push((true, Finding::Gated { gates }));
        }
        let gaps = self.loudness.dropouts();
        if gaps >= GAPS {
            found.push((false, Finding::Dropouts { gaps }));
        }
        let share = self.loudness.not_numbers();
        if share > 0.0 {
            found.push((false, Finding::NotNumbers { share }));
        }
        sort_by(&mut found, |a, b| b.0.cmp(&a.0));
        found
    }

    fn no_burst(&self) -> Finding {
        let level = |part| {
            self.loudness
                .quantile_dbfs(part)
                .unwrap_or(f64::NEG_INFINITY)
        };
        let (quiet_dbfs, loud_dbfs) = (level(0.1), level(0.95));
        if loud_dbfs - quiet_dbfs < STEADY {
            Finding::OnlyNoise {
                level_dbfs: level(0.5),
                steady_within: Decibels((loud_dbfs - quiet_dbfs) as f32),
            }
        } else {
            Finding::NoBurst {
                quiet_dbfs,
                loud_dbfs,
            }
        }
    }

    /// The cause that one burst tells.
    fn of_burst(&self, burst: &Burst) -> Finding {
        let at_s = self.rate.seconds(burst.at);
        let most_ppm = STRETCH_MOST * 1e6;
        match burst.lost {
            Some((Loss::Unsupported, _)) => return Finding::OtherVersion { at_s },
            Some((Loss::SegmentsMissing { got, need }, _)) => {
                return Finding::SegmentsMissing { at_s, got, need };
            }
            Some((Loss::CutOff, _)) => return self.cut_off(burst),
            _ => {}
        }
        let lost_snr = burst.lost.map(|(_, snr)| snr);
        let Some(unread) = burst.unread else {
            let snr = lost_snr.unwrap_or(NEEDED);
            return too_noisy(at_s, snr);
        };
        if unread.cut_off {
            return self.cut_off(burst);
        }
        let ppm = f64::from(unread.clock_ppm);
        if unread.sigmas >= SURE_SIGMAS && ppm.abs() > most_ppm {
            return Finding::Clock {
                at_s,
                ppm,
                most_ppm,
            };
        }
        let highest = self.highest_tone().0;
        let heard_up_to = unread.band.map_or(highest, |(_, to)| to.0);
        if unread.sigmas >= SURE_SIGMAS && heard_up_to < highest * BAND_PART {
            // The spectrum tells it finer, if noise does not cover the edge.
            let edge = self.end_of_band().filter(|edge| edge.0 < highest);
            return Finding::BandMissing {
                above: edge.unwrap_or(Hertz(heard_up_to)),
            };
        }
        let snr = lost_snr.unwrap_or_else(|| self.snr(burst, &unread));
        if self.is_spoken_over(burst) {
            return Finding::Damaged { at_s, snr };
        }
        let loud = unread.above.is_some_and(|above| above.0 >= LOUD);
        if loud && unread.spread_s >= ECHO_SPREAD_S {
            let spread_s = f64::from(unread.spread_s);
            return Finding::Echo {
                at_s,
                spread_s,
                snr,
            };
        }
        if loud || snr.0 > NEEDED.0 + 2.0 * MORE {
            return Finding::Damaged { at_s, snr };
        }
        too_noisy(at_s, snr)
    }

    fn cut_off(&self, burst: &Burst) -> Finding {
        let header = self.header(burst);
        let seconds = self.loudness.seconds();
        Finding::CutOff {
            at_s: self.rate.seconds(burst.at),
            missing_s: header.map(|(_, until)| (self.rate.seconds(until) - seconds).max(0.0)),
        }
    }

    /// Whether another burst began within this one.
    fn is_spoken_over(&self, burst: &Burst) -> bool {
        let same = self.rate.samples_in(SAME_S);
        let Some((from, until)) = self.header(burst) else {
            return false;
        };
        let mut carriers = self.carriers.iter().map(|(at, _)| *at);
        carriers.any(|at| from.saturating_add(same) < at && at < until)
    }

    /// From where to where its header says that it lies.
    fn header(&self, burst: &Burst) -> Option<(u64, u64)> {
        let same = self.rate.samples_in(SAME_S);
        let mut headers = self.headers.iter().copied();
        headers.find(|(from, _)| from.abs_diff(burst.at) < same)
    }

    /// What the preamble tells of the noise in the band: compression lifts it by the product of
    /// its length and its width, and it stands that far above the noise. Where that leaves the
    /// noise far below, the tones tell better.
    fn snr(&self, burst: &Burst, unread: &Unread) -> Decibels {
        if unread.snr.0 > NEEDED.0 + MORE || burst.level.0 <= 0.0 {
            return unread.snr;
        }
        let lift = self.profiles.iter().map(|profile| {
            let width = (profile.chirp.to.0 - profile.chirp.from.0).abs();
            Decibels::from_power_ratio(width * profile.chirp.seconds).0
        });
        let lift = lift.fold(0.0, f32::max);
        Decibels(unread.snr.0.min(burst.level.0 - lift))
    }

    /// Whether there was a burst at all.
    fn is_credible(&self, burst: &Burst) -> bool {
        self.is_certain(burst)
            || burst.unread.is_some() && burst.at >= self.rate.samples_in(WARM_UP_S)
    }

    fn is_certain(&self, burst: &Burst) -> bool {
        burst.lost.is_some()
            || burst
                .unread
                .is_some_and(|unread| unread.header || unread.sigmas >= SURE_SIGMAS)
    }

    fn end_of_band(&self) -> Option<Hertz> {
        let highest = self.highest_tone().0;
        self.spectrum
            .end_of_band(NARROWEST, Hertz(highest * 0.95), Hertz(highest * 1.3))
    }

    /// The highest tone of the first profile: among all of them the most usual one, and what
    /// holds its band need not hold those above.
    fn highest_tone(&self) -> Hertz {
        let first = self.profiles.first();
        first.map_or(Hertz(0.0), |profile| profile.normal.plan.band().1)
    }
}

impl Burst {
    /// How much it has to tell: to keep, and to tell first.
    fn worth(&self) -> f32 {
        let lost = if self.lost.is_some() { 1000.0 } else { 0.0 };
        let sigmas = self.unread.map_or(0.0, |unread| unread.sigmas);
        lost + 10.0 * sigmas + self.level.0
    }
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(std::collections::VecDeque::with_capacity(RECENT))
    }
}

impl<T> Recent<T> {
    fn put(&mut self, item: T) {
        if self.0.len() == RECENT {
            self.0.pop_front();
        }
        self.0.push_back(item);
    }

    fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }
}

fn too_noisy(at_s: f64, snr: Decibels) -> Finding {
    // In an unkind room more is needed than in white noise: at least more than there was.
    let needed = Decibels(NEEDED.0.max(snr.0 + MORE));
    Finding::TooNoisy { at_s, snr, needed }
}

/// By how many decibels a sound was too loud of whose samples this share was cut off, if its
/// amplitudes were normally distributed, as a burst's nearly are: what must be taken away until
/// one in a thousand is left.
fn too_loud(share: f64) -> Decibels {
    Decibels(
        (20.0 * (normal_quantile(0.0005) / normal_quantile(share / 2.0)).log10()).max(0.0) as f32,
    )
}

/// The value that a normal variable exceeds with this probability, `0..0.5`, to within 5e-4
/// (Abramowitz and Stegun, formula 26.2.23).
fn normal_quantile(probability: f64) -> f64 {
    let t = (-2.0 * probability.clamp(1e-12, 0.4999).ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    (t - above / below).max(1e-3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (probability, value) in [(0.158_655, 1.0), (0.022_75, 2.0), (0.000_5, 3.2905)] {
            assert!(
                (normal_quantile(probability) - value).abs() < 5e-4,
                "{value}"
            );
        }
    }

    #[test]
    fn clipping_is_told_by_its_share() {
        // A third of a normal variable lies beyond its deviation, and a thousandth beyond 3.29.
        assert!((too_loud(0.3173).0 - 10.35).abs() < 0.05);
        assert!(too_loud(0.001).0.abs() < 0.01);
        // By 30 dB more.
        let share = 1.0 - 2.0 * 0.398_942 * 10f64.powf(-1.5);
        assert!(
            (too_loud(share).0 - 40.35).abs() < 0.3,
            "{}",
            too_loud(share).0
        );
    }

    #[test]
    fn memory_is_bounded_whatever_it_is_told() {
        let mut diagnosis = Diagnosis::new(Profile::ALL, SampleRate::HZ_48000);
        for i in 0..1000 {
            let at = i * 48_000;
            diagnosis.note(&Event::Carrier {
                at,
                level: Decibels(20.0),
            });
            diagnosis.note(&Event::Lost {
                at,
                profile: "audible",
                reason: Loss::Unreadable { passes: 1 },
                snr: Decibels(f32::NAN),
            });
            diagnosis.note(&Event::Header {
                at,
                profile: "audible",
                bytes: None,
                pass: 0,
                until: u64::MAX - i,
            });
        }
        assert!(diagnosis.bursts.len() <= BURSTS);
        assert!(diagnosis.carriers.0.len() <= RECENT && diagnosis.headers.0.len() <= RECENT);
        assert!(!diagnosis.report().findings.is_empty());
    }
}
