//! Compressed recordings. The only file that names symphonia's decoders.
//!
//! They are well fuzzed, not proven: built with overflow checks, some of them panic on bytes that
//! a hostile file may hold. Every call into them is therefore guarded, and a panic counts as the
//! end of what can be read.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;

use super::FileError;
use super::source::Source;
use crate::units::SampleRate;

/// Samples out of a compressed file.
pub(super) struct Packed {
    container: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    format: String,
    rate: SampleRate,
    channels: u16,
    /// Frames that the file announces.
    frames: Option<u64>,
    given: u64,
    /// The first frames, decoded to learn their rate and channels.
    first: Vec<f32>,
    damaged: u64,
    ended: bool,
    truncated: bool,
}

/// What came of an attempt to decode more.
enum Step {
    /// Frames, at this rate with so many channels.
    Frames(u32, usize),
    End,
}

impl Packed {
    pub(super) fn new(
        source: Source,
        name: &str,
        format: &'static str,
        extension: &str,
    ) -> Result<Self, FileError> {
        let malformed = |what: String| FileError::Malformed {
            name: name.to_owned(),
            format,
            what,
        };
        let piped = !source.is_seekable();
        let mut hint = Hint::new();
        if !extension.is_empty() {
            hint.with_extension(extension);
        }
        let stream = MediaSourceStream::new(Box::new(source), MediaSourceStreamOptions::default());
        let container = guarded(|| {
            symphonia::default::get_probe().probe(
                &hint,
                stream,
                FormatOptions::default(),
                MetadataOptions::default(),
            )
        })
        .map_err(|e| match e {
            // The samples have gone by when the index that explains them comes.
            Error::Unsupported(_) if piped && format == "MP4" => FileError::Unsupported {
                name: name.to_owned(),
                what: "an MP4 from a pipe, with its index at the end,".to_owned(),
            },
            e => refused(name, format, e),
        })?;
        let (track, decoder, frames) = decoder(&*container).map_err(|e| match e {
            Some(e) => refused(name, format, e),
            None => malformed("there is no sound in it".to_owned()),
        })?;
        let codec = decoder.codec_info().short_name;
        let mut packed = Self {
            container,
            track,
            format: format!("{format}, {codec}"),
            rate: SampleRate(0),
            channels: 0,
            frames,
            given: 0,
            first: Vec::new(),
            damaged: 0,
            ended: false,
            truncated: false,
            decoder,
        };
        if format.eq_ignore_ascii_case(codec) {
            packed.format = format.to_owned();
        }
        let mut first = Vec::new();
        match packed.step(name, &mut first)? {
            Step::Frames(rate, channels) if rate > 0 && channels > 0 => {
                packed.rate = SampleRate(rate);
                packed.channels = u16::try_from(channels)
                    .map_err(|_| malformed(format!("{channels} channels")))?;
                packed.first = first;
                Ok(packed)
            }
            Step::Frames(rate, channels) => Err(malformed(format!(
                "it has {channels} channels at {rate} Hz"
            ))),
            Step::End => Err(malformed("nothing in it can be decoded".to_owned())),
        }
    }

    pub(super) fn rate(&self) -> SampleRate {
        self.rate
    }

    pub(super) fn channels(&self) -> u16 {
        self.channels
    }

    pub(super) fn format(&self) -> &str {
        &self.format
    }

    pub(super) fn frames(&self) -> Option<u64> {
        self.frames
    }

    pub(super) fn damaged(&self) -> u64 {
        self.damaged
    }

    pub(super) fn is_truncated(&self) -> bool {
        // Encoders round lengths up to whole packets; the longest here has 4608 samples.
        let short = self
            .frames
            .is_some_and(|frames| frames > self.given + 4_608);
        self.ended && (self.truncated || short && self.damaged == 0)
    }

    /// Puts the next frames into `out`; false at the end.
    pub(super) fn next(&mut self, name: &str, out: &mut Vec<f32>) -> Result<bool, FileError> {
        if self.first.is_empty() {
            match self.step(name, out)? {
                Step::End => return Ok(false),
                Step::Frames(rate, channels) => {
                    if rate != self.rate.0 || channels != usize::from(self.channels) {
                        self.ended = true;
                        let (had, has) = (self.rate, SampleRate(rate));
                        return Err(FileError::Unsupported {
                            name: name.to_owned(),
                            what: format!(
                                "a change from {had}, {} channels to {has}, {channels}",
                                self.channels
                            ),
                        });
                    }
                }
            }
        } else {
            out.append(&mut self.first);
        }
        self.given += (out.len() / usize::from(self.channels).max(1)) as u64;
        Ok(true)
    }

    /// Decodes packets until one gives frames.
    fn step(&mut self, name: &str, out: &mut Vec<f32>) -> Result<Step, FileError> {
        while !self.ended {
            let packet = match guarded(|| self.container.next_packet()) {
                Ok(Some(packet)) => packet,
                Ok(None) => {
                    self.ended = true;
                    break;
                }
                // One Ogg stream after another: new tracks, new decoders.
                Err(Error::ResetRequired) => {
                    if let Ok((track, decoder, _)) = decoder(&*self.container) {
                        (self.track, self.decoder) = (track, decoder);
                        // The length was that of the first.
                        self.frames = None;
                        continue;
                    }
                    self.ended = true;
                    break;
                }
                Err(Error::IoError(source)) if source.kind() != io::ErrorKind::UnexpectedEof => {
                    self.ended = true;
                    return Err(FileError::Read {
                        name: name.to_owned(),
                        source,
                    });
                }
                // What came so far is good; after this nothing will come.
                Err(_) => {
                    self.ended = true;
                    self.truncated = true;
                    break;
                }
            };
            if packet.track_id != self.track {
                continue;
            }
            let decoded = guarded(|| {
                let buffer = self.decoder.decode(&packet)?;
                buffer.copy_to_vec_interleaved(out);
                Ok((buffer.spec().rate(), buffer.spec().channels().count()))
            });
            match decoded {
                Ok((rate, channels)) if !out.is_empty() => return Ok(Step::Frames(rate, channels)),
                Ok(_) => {}
                Err(Error::ResetRequired) => self.decoder.reset(),
                Err(Error::LimitError(_)) => {
                    self.ended = true;
                    self.truncated = true;
                }
                Err(_) => self.damaged += 1,
            }
        }
        Ok(Step::End)
    }
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Packed({})", self.format)
    }
}

/// Makes a panic inside a decoder an error, after which it is not used any more.
fn guarded<T>(call: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(Error::LimitError("its decoder gave up")))
}

/// The first sound of a container, its decoder, and its length in frames; an error without a
/// reason if there is no sound.
type Found = (u32, Box<dyn AudioDecoder>, Option<u64>);

fn decoder(container: &dyn FormatReader) -> Result<Found, Option<Error>> {
    let track = container
        .first_track_known_codec(TrackType::Audio)
        .or_else(|| container.first_track(TrackType::Audio))
        .ok_or(None)?;
    let parameters = track
        .codec_params
        .as_ref()
        .and_then(|p| p.audio())
        .ok_or(None)?;
    let options = AudioDecoderOptions::default();
    let decoder =
        guarded(|| symphonia::default::get_codecs().make_audio_decoder(parameters, &options))
            .map_err(Some)?;
    Ok((track.id, decoder, track.num_frames))
}

/// Why a file could not even be begun.
fn refused(name: &str, format: &'static str, error: Error) -> FileError {
    let name = name.to_owned();
    match error {
        Error::IoError(e) if e.kind() == io::ErrorKind::UnexpectedEof => FileError::Malformed {
            name,
            format,
            what: "it ends within its header".to_owned(),
        },
        Error::IoError(source) => FileError::Read { name, source },
        Error::Unsupported(what) => FileError::Unsupported {
            name,
            what: format!("{format} ({what})"),
        },
        Error::SeekError(_) => FileError::Unsupported {
            name,
            what: format!("{format} from a pipe"),
        },
        other => FileError::Malformed {
            name,
            format,
            what: other.to_string(),
        },
    }
}
