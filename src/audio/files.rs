//! Recordings in, WAV out.
//!
//! A [`Recording`] reads WAV (any width, any rate, any channels, also from pipes whose length
//! nobody knew), FLAC, Ogg Vorbis, MP3, AAC, ALAC and AIFF, from a path or from any reader, a
//! block at a time: memory does not grow with the file. Whatever is in the file, reading ends,
//! and ends without a panic.
//!
//! ```no_run
//! use airshake::audio::files::Recording;
//!
//! let mut recording = Recording::open("memo.m4a")?;
//! println!("{} at {}", recording.format(), recording.rate());
//! while let Some(samples) = recording.next_block()? {
//!     println!("{} samples", samples.len());
//! }
//! if recording.is_truncated() {
//!     eprintln!("the file ends too early");
//! }
//! # Ok::<(), airshake::audio::files::FileError>(())
//! ```
//!
//! A [`WavWriter`] writes WAV to a path, which it does not touch before everything is written, or
//! to a pipe.

mod packed;
mod sniff;
mod source;
mod wave;
mod writer;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use packed::Packed;
use sniff::Looks;
use source::{Source, Tee};
use wave::{Header, HeaderError, WaveReader};
pub use writer::{WavFormat, WavWriter};

use crate::units::SampleRate;

/// What can be wrong with a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// There is no such file.
    #[error("{name}: no such file")]
    NotFound {
        /// The file.
        name: String,
    },
    /// The file is there and cannot be opened: a folder, not permitted...
    #[error("{name}: cannot be opened")]
    Open {
        /// The file.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// Not one byte.
    #[error("{name}: the file is empty")]
    Empty {
        /// The file.
        name: String,
    },
    /// The file is something else.
    #[error("{name}: not a recording, it looks like {looks_like}")]
    NotAudio {
        /// The file.
        name: String,
        /// What it looks like.
        looks_like: &'static str,
    },
    /// A recording that contradicts itself before its first sample.
    #[error("{name}: broken {format} file: {what}")]
    Malformed {
        /// The file.
        name: String,
        /// Its container.
        format: &'static str,
        /// What is wrong.
        what: String,
    },
    /// A recording of a kind that is not read here.
    #[error("{name}: {what} is not supported; `ffmpeg -i FILE out.wav` makes it readable")]
    Unsupported {
        /// The file.
        name: String,
        /// Container or codec.
        what: String,
    },
    /// The disk, or the pipe, failed while reading.
    #[error("{name}: cannot be read")]
    Read {
        /// The file.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// [`Recording::select`] asked for a channel that is not there.
    #[error("{name}: no channel {asked}, there are {channels}, counted from 0")]
    NoSuchChannel {
        /// The file.
        name: String,
        /// The channel asked for.
        asked: u16,
        /// How many there are.
        channels: u16,
    },
    /// More samples than the lengths in a WAV header can count.
    #[error("{name}: {samples} samples do not fit into a WAV file: at most {max}")]
    TooLong {
        /// The file.
        name: String,
        /// Samples to be written.
        samples: u64,
        /// Samples that fit, in this format.
        max: u64,
    },
    /// Fewer or more samples were written than announced.
    #[error("{name}: {written} samples were written, {announced} announced")]
    WrongLength {
        /// The file.
        name: String,
        /// As written.
        written: u64,
        /// As announced.
        announced: u64,
    },
    /// The disk is full, the pipe closed, the folder write-protected...
    #[error("{name}: cannot be written")]
    Write {
        /// The file.
        name: String,
        /// Why.
        source: io::Error,
    },
}

/// Which samples of a recording with several channels to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Channel {
    /// The mean of all.
    #[default]
    Mix,
    /// One of them, counted from 0.
    Index(u16),
}

/// A recording, read a block at a time, as one channel of samples within about +-1.
#[derive(Debug)]
pub struct Recording {
    name: String,
    reader: Reader,
    channel: Channel,
    /// Samples of all channels, one after the other in each frame.
    frames: Vec<f32>,
    mono: Vec<f32>,
    position: u64,
    replaced: u64,
}

#[derive(Debug)]
enum Reader {
    Wave(WaveReader),
    Packed(Box<Packed>),
}

impl Recording {
    /// Opens a file, a named pipe or a device.
    ///
    /// # Errors
    /// [`FileError`], if it is not there, is not a recording, or cannot be read.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the file that opens files"
        )]
        let file = File::open(path);
        let opened = file.and_then(|file| {
            // Opening a folder succeeds on Unix; reading it is what fails.
            let about = file.metadata()?;
            if about.is_dir() {
                return Err(io::Error::new(
                    io::ErrorKind::IsADirectory,
                    "it is a folder",
                ));
            }
            Ok(Source::file(file, about.is_file()))
        });
        let extension = path
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default();
        match opened {
            Ok(source) => Self::new(source, name, extension),
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                Err(FileError::NotFound { name })
            }
            Err(source) => Err(FileError::Open { name, source }),
        }
    }

    /// Reads from anything, such as standard input; `name` is for messages. It is read forwards
    /// only. (Of the containers, only MP4 may need more: if its index stands at the end.)
    ///
    /// # Errors
    /// [`FileError`], if it is not a recording or cannot be read.
    pub fn from_reader(reader: impl Read + Send + 'static, name: &str) -> Result<Self, FileError> {
        Self::new(Source::stream(reader), name.to_owned(), "")
    }

    fn new(mut source: Source, name: String, extension: &str) -> Result<Self, FileError> {
        let failed = |name: &str, source| FileError::Read {
            name: name.to_owned(),
            source,
        };
        let start = source.peek().map_err(|e| failed(&name, e))?;
        let reader = match sniff::looks(start, extension) {
            Looks::Empty => return Err(FileError::Empty { name }),
            Looks::NotAudio(looks_like) => return Err(FileError::NotAudio { name, looks_like }),
            Looks::Unsupported(what) => {
                let what = what.to_owned();
                return Err(FileError::Unsupported { name, what });
            }
            Looks::Packed(format) => {
                Reader::Packed(Box::new(Packed::new(source, &name, format, extension)?))
            }
            Looks::Wave => {
                let mut tee = Tee::new(source);
                match Header::read(&mut tee) {
                    Ok(header) => Reader::Wave(WaveReader::new(header, tee.into_source())),
                    Err(HeaderError::Packed) => {
                        let source = tee.rewound().map_err(|e| failed(&name, e))?;
                        Reader::Packed(Box::new(Packed::new(source, &name, "WAV", "wav")?))
                    }
                    Err(HeaderError::Malformed(what)) => {
                        return Err(FileError::Malformed {
                            name,
                            format: "WAV",
                            what,
                        });
                    }
                    Err(HeaderError::Io(e)) => return Err(failed(&name, e)),
                }
            }
        };
        Ok(Self {
            name,
            reader,
            channel: Channel::Mix,
            frames: Vec::new(),
            mono: Vec::new(),
            position: 0,
            replaced: 0,
        })
    }

    /// The same, but another channel than the mix of all.
    ///
    /// # Errors
    /// [`FileError::NoSuchChannel`].
    pub fn select(mut self, channel: Channel) -> Result<Self, FileError> {
        if let Channel::Index(asked) = channel
            && asked >= self.channels()
        {
            return Err(FileError::NoSuchChannel {
                asked,
                channels: self.channels(),
                name: self.name,
            });
        }
        self.channel = channel;
        Ok(self)
    }

    /// Samples a second. It may be any number but 0.
    pub fn rate(&self) -> SampleRate {
        match &self.reader {
            Reader::Wave(wave) => wave.header().rate,
            Reader::Packed(packed) => packed.rate(),
        }
    }

    /// Channels in the file, 1 or more; [`next_block`](Self::next_block) gives one.
    pub fn channels(&self) -> u16 {
        match &self.reader {
            Reader::Wave(wave) => wave.header().channels,
            Reader::Packed(packed) => packed.channels(),
        }
    }

    /// Container and coding, for people: `WAV, 16 bit`.
    pub fn format(&self) -> &str {
        match &self.reader {
            Reader::Wave(wave) => wave.header().encoding.name(),
            Reader::Packed(packed) => packed.format(),
        }
    }

    /// Length in seconds, if the file states one. Files lie; nothing is planned by this number.
    pub fn duration(&self) -> Option<f64> {
        let frames = match &self.reader {
            Reader::Wave(wave) => wave.header().frames(),
            Reader::Packed(packed) => packed.frames(),
        };
        frames.map(|frames| self.rate().seconds(frames))
    }

    /// The next samples, at least one and at most some ten thousand; `None` at the end.
    ///
    /// Samples that are not finite are replaced by 0 and [counted](Self::replaced); parts that
    /// cannot be decoded are left out and [counted](Self::damaged); a file that ends too early
    /// ends, and is then [truncated](Self::is_truncated).
    ///
    /// # Errors
    /// [`FileError::Read`] if the disk or the pipe fails, [`FileError::Unsupported`] if the
    /// recording changes its rate or channels on the way.
    pub fn next_block(&mut self) -> Result<Option<&[f32]>, FileError> {
        self.frames.clear();
        let more = match &mut self.reader {
            Reader::Wave(wave) => {
                wave.next(&mut self.frames)
                    .map_err(|source| FileError::Read {
                        name: self.name.clone(),
                        source,
                    })?
            }
            Reader::Packed(packed) => packed.next(&self.name, &mut self.frames)?,
        };
        if !more {
            return Ok(None);
        }
        let finite = self.frames.iter().filter(|x| x.is_finite()).count();
        if finite < self.frames.len() {
            self.replaced += (self.frames.len() - finite) as u64;
            for x in self.frames.iter_mut().filter(|x| !x.is_finite()) {
                *x = 0.0;
            }
        }
        let channels = usize::from(self.channels()).max(1);
        let frames = self.frames.chunks_exact(channels);
        self.mono.clear();
        match self.channel {
            _ if channels == 1 => std::mem::swap(&mut self.mono, &mut self.frames),
            Channel::Index(index) => self
                .mono
                .extend(frames.map(|frame| frame[usize::from(index)])),
            Channel::Mix => {
                let share = 1.0 / channels as f32;
                self.mono
                    .extend(frames.map(|frame| frame.iter().map(|x| x * share).sum::<f32>()));
            }
        }
        self.position += self.mono.len() as u64;
        Ok(Some(&self.mono))
    }

    /// Samples given so far, of the one channel.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// True once reading has come to an end that the file did not announce.
    pub fn is_truncated(&self) -> bool {
        match &self.reader {
            Reader::Wave(wave) => wave.is_truncated(),
            Reader::Packed(packed) => packed.is_truncated(),
        }
    }

    /// How many samples, of all channels, were not finite and became 0.
    pub fn replaced(&self) -> u64 {
        self.replaced
    }

    /// How many packets of a compressed recording could not be decoded and were left out.
    pub fn damaged(&self) -> u64 {
        match &self.reader {
            Reader::Wave(_) => 0,
            Reader::Packed(packed) => packed.damaged(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_does_not_grow_with_the_file() {
        let header = Header {
            rate: SampleRate(48_000),
            channels: 2,
            encoding: wave::Encoding::Signed16,
            data: None,
        };
        let length = 100 << 20;
        let file = io::Cursor::new(header.bytes()).chain(io::repeat(1).take(length));
        let mut recording = Recording::from_reader(file, "pipe").unwrap();
        while recording.next_block().unwrap().is_some() {
            assert!(recording.frames.capacity() + recording.mono.capacity() < 100_000);
        }
        assert_eq!(recording.position(), length / 4);
    }
}
