//! The sound cards of this machine: the only file that names cpal.

use super::calm::{Calm, Moment};
use super::choice::{Way, best, choose, title};
use super::intake::Intake;
use super::keeper::finish_elsewhere;
use super::outlet::Outlet;
use super::vitals::{Counters, Pulse};
use super::{Device, DeviceError, Direction};
use crate::units::SampleRate;
use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{
    BufferSize, ErrorKind, FromSample, I24, OutputCallbackInfo, SampleFormat, SizedSample,
    StreamConfig, SupportedStreamConfigRange, U24,
};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// The devices of this machine, microphones first, the default ones at the head of each kind.
///
/// # Errors
/// [`DeviceError`] if the sound system cannot be asked. A machine without any device is no
/// error: the list is empty.
pub fn devices() -> Result<Vec<Device>, DeviceError> {
    // Asking opens every device for a moment, and one may hang.
    finish_elsewhere("list devices", || {
        quiet();
        let mut all = list(Direction::Input)?;
        all.extend(list(Direction::Output)?);
        Ok(all)
    })
    .recv_timeout(LISTING)
    .unwrap_or(Err(DeviceError::Hung {
        direction: Direction::Input,
        seconds: LISTING.as_secs(),
    }))
}

fn list(direction: Direction) -> Result<Vec<Device>, DeviceError> {
    let default = default(direction).map(|device| names(&device).0);
    Ok(candidates(direction)?
        .iter()
        .filter(|device| !is_plugin(device))
        .map(|device| {
            let (id, name) = names(device);
            let ranges = ranges(device, direction).unwrap_or_default();
            let mut rates: Vec<(u32, u32)> = ranges
                .iter()
                .map(|range| (range.min_sample_rate(), range.max_sample_rate()))
                .collect();
            rates.sort_unstable();
            rates.dedup();
            let mut channels: Vec<u16> = ranges.iter().map(|range| range.channels()).collect();
            channels.sort_unstable();
            channels.dedup();
            Device {
                default: Some(&id) == default.as_ref(),
                id,
                name,
                direction,
                rates,
                channels,
            }
        })
        .collect())
}

/// A device with the way it will be used.
pub(super) struct Card {
    device: cpal::Device,
    format: SampleFormat,
    channels: u16,
    rate: u32,
}

/// Finds the device that `wanted` names, or the default one, and the best way to use it.
pub(super) fn find(direction: Direction, wanted: Option<&str>) -> Result<Card, DeviceError> {
    quiet();
    let device = match wanted {
        None => default(direction).ok_or_else(|| DeviceError::None {
            direction,
            detail: "the system names no default".to_owned(),
        })?,
        Some(wanted) => {
            let mut devices = candidates(direction)?;
            devices.retain(|device| !is_plugin(device) || names(device).0 == wanted);
            let names: Vec<(String, String)> = devices.iter().map(names).collect();
            devices.swap_remove(choose(direction, wanted, &names)?)
        }
    };
    let ranges = ranges(&device, direction).map_err(|error| match (wanted, error.kind()) {
        // Linux always has a default device; whether anything is behind it shows only here.
        (None, ErrorKind::DeviceNotAvailable | ErrorKind::BackendError) => DeviceError::None {
            direction,
            detail: error.to_string(),
        },
        _ => in_words(&device, &error),
    })?;
    let ways: Vec<Way> = ranges.iter().map(way).collect();
    let (index, rate) = best(&ways).ok_or_else(|| DeviceError::Unsuitable {
        name: title(&names(&device)),
        min: super::choice::MIN_RATE,
    })?;
    Ok(Card {
        format: ranges[index].sample_format(),
        channels: ranges[index].channels(),
        rate,
        device,
    })
}

impl Card {
    pub(super) fn rate(&self) -> SampleRate {
        SampleRate(self.rate)
    }

    pub(super) fn name(&self) -> String {
        title(&names(&self.device))
    }

    /// Starts to listen. `parts` makes the near and the far end of the ring, anew for each try.
    pub(super) fn open_input<E>(
        &self,
        counters: &Arc<Counters>,
        pulse: &Arc<Pulse>,
        parts: impl Fn() -> (Intake, E),
    ) -> Result<(Box<dyn Send>, E), DeviceError> {
        self.open(INPUT_FRAMES, |config| {
            let (intake, end) = parts();
            let complain = complaints(counters, pulse);
            let stream = match self.format {
                SampleFormat::I8 => self.input::<i8>(config, intake, complain),
                SampleFormat::I16 => self.input::<i16>(config, intake, complain),
                SampleFormat::I24 => self.input::<I24>(config, intake, complain),
                SampleFormat::I32 => self.input::<i32>(config, intake, complain),
                SampleFormat::I64 => self.input::<i64>(config, intake, complain),
                SampleFormat::U8 => self.input::<u8>(config, intake, complain),
                SampleFormat::U16 => self.input::<u16>(config, intake, complain),
                SampleFormat::U24 => self.input::<U24>(config, intake, complain),
                SampleFormat::U32 => self.input::<u32>(config, intake, complain),
                SampleFormat::U64 => self.input::<u64>(config, intake, complain),
                SampleFormat::F64 => self.input::<f64>(config, intake, complain),
                _ => self.input::<f32>(config, intake, complain),
            }?;
            Ok((stream, end))
        })
    }

    /// Starts to play, with callbacks of `frames` at 48 kHz. `parts` makes the far and the near
    /// end of the ring, anew for each try.
    pub(super) fn open_output<E>(
        &self,
        frames: u32,
        counters: &Arc<Counters>,
        pulse: &Arc<Pulse>,
        parts: impl Fn() -> (Outlet, E),
    ) -> Result<(Box<dyn Send>, E), DeviceError> {
        self.open(frames, |config| {
            let (outlet, end) = parts();
            let complain = complaints(counters, pulse);
            let stream = match self.format {
                SampleFormat::I8 => self.output::<i8>(config, outlet, complain),
                SampleFormat::I16 => self.output::<i16>(config, outlet, complain),
                SampleFormat::I24 => self.output::<I24>(config, outlet, complain),
                SampleFormat::I32 => self.output::<i32>(config, outlet, complain),
                SampleFormat::I64 => self.output::<i64>(config, outlet, complain),
                SampleFormat::U8 => self.output::<u8>(config, outlet, complain),
                SampleFormat::U16 => self.output::<u16>(config, outlet, complain),
                SampleFormat::U24 => self.output::<U24>(config, outlet, complain),
                SampleFormat::U32 => self.output::<u32>(config, outlet, complain),
                SampleFormat::U64 => self.output::<u64>(config, outlet, complain),
                SampleFormat::F64 => self.output::<f64>(config, outlet, complain),
                _ => self.output::<f32>(config, outlet, complain),
            }?;
            Ok((stream, end))
        })
    }

    /// Tries the buffer we would like, then the one the system would like.
    fn open<E>(
        &self,
        frames: u32,
        build: impl Fn(StreamConfig) -> Result<(cpal::Stream, E), cpal::Error>,
    ) -> Result<(Box<dyn Send>, E), DeviceError> {
        let mut config = StreamConfig {
            channels: self.channels,
            sample_rate: self.rate,
            buffer_size: BufferSize::Fixed(frames * self.rate / 48_000),
        };
        let started = |config| {
            let (stream, end) = build(config)?;
            stream.play()?;
            Ok::<_, cpal::Error>((Box::new(stream) as Box<dyn Send>, end))
        };
        started(config)
            .or_else(|_| {
                config.buffer_size = BufferSize::Default;
                started(config)
            })
            .map_err(|error| in_words(&self.device, &error))
    }

    fn input<T>(
        &self,
        config: StreamConfig,
        mut intake: Intake,
        complain: impl FnMut(cpal::Error) + Send + 'static,
    ) -> Result<cpal::Stream, cpal::Error>
    where
        T: SizedSample + Send + 'static,
        f32: FromSample<T>,
    {
        let channels = usize::from(config.channels);
        let mut calm = Calm::default();
        self.device.build_input_stream(
            config,
            move |data: &[T], _| {
                let begun = Moment::now();
                intake.take(data, channels, |sample| sample.to_sample::<f32>());
                let frames = (data.len() / channels) as f64;
                let period = Duration::from_secs_f64(frames / f64::from(config.sample_rate));
                if let Some(begun) = begun {
                    sleep(calm.rest(begun, period));
                    Moment::now().into_iter().for_each(|now| calm.ended(now));
                }
            },
            complain,
            Some(POLL),
        )
    }

    fn output<T>(
        &self,
        config: StreamConfig,
        mut outlet: Outlet,
        complain: impl FnMut(cpal::Error) + Send + 'static,
    ) -> Result<cpal::Stream, cpal::Error>
    where
        T: SizedSample + FromSample<f32> + Send + 'static,
    {
        let channels = usize::from(config.channels);
        let mut mono = [0f32; 256];
        self.device.build_output_stream(
            config,
            move |data: &mut [T], info: &OutputCallbackInfo| {
                outlet.begin(ahead(info, config.sample_rate));
                for piece in data.chunks_mut(mono.len() * channels) {
                    let mono = &mut mono[..piece.len() / channels];
                    outlet.fill(mono);
                    for (frame, &sample) in piece.chunks_exact_mut(channels).zip(mono.iter()) {
                        frame.fill(T::from_sample(sample));
                    }
                }
            },
            complain,
            Some(POLL),
        )
    }
}

/// How many samples lie between a callback and the air. Some systems report nonsense; none
/// holds more than a second of what was asked to be twenty milliseconds.
fn ahead(info: &OutputCallbackInfo, rate: u32) -> u64 {
    let stamp = info.timestamp();
    let delay = stamp.playback.duration_since(stamp.callback);
    SampleRate(rate).samples_in(delay.as_secs_f64().min(1.0))
}

/// Counts what the system complains of. It must not be more work than that: a lost sound server
/// shows as 400 000 complaints a second.
fn complaints(
    counters: &Arc<Counters>,
    pulse: &Arc<Pulse>,
) -> impl FnMut(cpal::Error) + Send + 'static {
    let (counters, pulse) = (counters.clone(), pulse.clone());
    let (mut beats, mut in_a_row) = (0, 0u32);
    move |error| {
        match error.kind() {
            ErrorKind::Xrun => counters.dropouts.fetch_add(1, Relaxed),
            _ => counters.errors.fetch_add(1, Relaxed),
        };
        if matches!(
            error.kind(),
            ErrorKind::DeviceNotAvailable | ErrorKind::StreamInvalidated
        ) {
            pulse.break_down();
        }
        in_a_row = if pulse.beats() == beats {
            in_a_row.saturating_add(1)
        } else {
            0
        };
        beats = pulse.beats();
        if in_a_row > STORM {
            sleep(NAP);
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "runs on the thread of a stream that has no samples to give"
)]
fn sleep(time: Duration) {
    if !time.is_zero() {
        std::thread::sleep(time);
    }
}

fn default(direction: Direction) -> Option<cpal::Device> {
    let host = cpal::default_host();
    match direction {
        Direction::Input => host.default_input_device(),
        Direction::Output => host.default_output_device(),
    }
}

/// All devices of one direction, each id once, the default one first.
fn candidates(direction: Direction) -> Result<Vec<cpal::Device>, DeviceError> {
    let all = cpal::default_host()
        .devices()
        .map_err(|error| DeviceError::None {
            direction,
            detail: error.to_string(),
        })?;
    let able = all.filter(|device| match direction {
        Direction::Input => device.supports_input(),
        Direction::Output => device.supports_output(),
    });
    let mut seen = HashSet::new();
    Ok(default(direction)
        .into_iter()
        .chain(able)
        // ALSA's sink without a clock: it would take samples as fast as a core can give them.
        .filter(|device| names(device).0 != "null")
        .filter(|device| seen.insert(names(device).0))
        .collect())
}

/// Whether a device is one of ALSA's plugins: converters in front of the default device, and
/// bridges to other sound systems that print to the terminal when they are merely asked. Whoever
/// wants one names it.
fn is_plugin(device: &cpal::Device) -> bool {
    ALSA_PLUGINS.contains(&names(device).0.as_str())
}

/// The id and the name of a device.
fn names(device: &cpal::Device) -> (String, String) {
    let name = device.description().map(|text| text.name().to_owned()).ok();
    let id = device.id().map(|id| id.id().to_owned()).ok();
    match (id, name) {
        (Some(id), Some(name)) => (id, name),
        (Some(id), None) => (id.clone(), id),
        (None, Some(name)) => (name.clone(), name),
        (None, None) => (String::new(), "a device without a name".to_owned()),
    }
}

fn ranges(
    device: &cpal::Device,
    direction: Direction,
) -> Result<Vec<SupportedStreamConfigRange>, cpal::Error> {
    Ok(match direction {
        Direction::Input => device.supported_input_configs()?.collect(),
        Direction::Output => device.supported_output_configs()?.collect(),
    })
}

fn way(range: &SupportedStreamConfigRange) -> Way {
    Way {
        channels: range.channels(),
        min_rate: range.min_sample_rate(),
        max_rate: range.max_sample_rate(),
        precision: match range.sample_format() {
            // What the path works in.
            SampleFormat::F32 => 100,
            SampleFormat::F64 => 90,
            SampleFormat::I64 => 64,
            SampleFormat::U64 => 63,
            SampleFormat::I32 => 32,
            SampleFormat::U32 => 31,
            SampleFormat::I24 => 24,
            SampleFormat::U24 => 23,
            SampleFormat::I16 => 16,
            SampleFormat::U16 => 15,
            SampleFormat::I8 => 8,
            SampleFormat::U8 => 7,
            // One bit streams, and what may come.
            _ => 0,
        },
    }
}

fn in_words(device: &cpal::Device, error: &cpal::Error) -> DeviceError {
    let name = title(&names(device));
    match error.kind() {
        ErrorKind::PermissionDenied => DeviceError::Permission { name },
        ErrorKind::DeviceBusy => DeviceError::Busy { name },
        _ => DeviceError::Backend {
            name,
            message: error.to_string(),
        },
    }
}

/// libasound tells its troubles to stderr, in the middle of what the program has to say; keeps it
/// quiet on this thread, on which devices are looked for and opened.
#[cfg(target_os = "linux")]
fn quiet() {
    let _ = alsa::Output::local_error_handler();
}

#[cfg(not(target_os = "linux"))]
fn quiet() {}

/// Frames of a microphone's callback at 48 kHz. A power of two, as PipeWire behind ALSA wants it.
/// On a machine three times overloaded it lost no sample.
const INPUT_FRAMES: u32 = 1024;

const ALSA_PLUGINS: &[&str] = &[
    "jack",
    "lavrate",
    "oss",
    "samplerate",
    "speex",
    "speexrate",
    "upmix",
    "vdownmix",
];

/// How long a stream waits for the hardware before it looks whether it is still there.
const POLL: Duration = Duration::from_millis(200);

/// So many complaints in a row without a data callback are a storm.
const STORM: u32 = 16;

/// How long the thread sleeps at each complaint of a storm, which keeps a core busy that the sound
/// server may need to end it. There is no sound to be late with.
const NAP: Duration = Duration::from_millis(1);

/// How long asking for the devices may take.
const LISTING: Duration = Duration::from_secs(10);
