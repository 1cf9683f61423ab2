//! WAV: header and samples, to bytes and back.
//!
//! The layout is that of "Multimedia Programming Interface and Data Specifications 1.0" (1991)
//! with WAVEFORMATEXTENSIBLE, and of EBU Tech 3306 for RF64. Lengths are believed only as far as
//! bytes follow: programs that write to a pipe cannot know them and put 0, the largest number or
//! something near it.

use std::io::{self, Read};

use super::source::Source;
use crate::units::SampleRate;

/// How a sample is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Unsigned, the middle at 128.
    Unsigned8,
    /// Signed, low byte first.
    Signed16,
    Signed24,
    Signed32,
    /// Full scale is 1.
    Float32,
    Float64,
}

impl Encoding {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Unsigned8 => "WAV, 8 bit",
            Self::Signed16 => "WAV, 16 bit",
            Self::Signed24 => "WAV, 24 bit",
            Self::Signed32 => "WAV, 32 bit",
            Self::Float32 => "WAV, 32 bit float",
            Self::Float64 => "WAV, 64 bit float",
        }
    }

    /// Bytes of a sample.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Unsigned8 => 1,
            Self::Signed16 => 2,
            Self::Signed24 => 3,
            Self::Signed32 | Self::Float32 => 4,
            Self::Float64 => 8,
        }
    }

    /// Bytes to samples; full scale becomes 1. Bytes after the last whole sample are ignored.
    pub(super) fn decode(self, bytes: &[u8], out: &mut Vec<f32>) {
        match self {
            Self::Unsigned8 => out.extend(bytes.iter().map(|b| (f32::from(*b) - 128.0) / 128.0)),
            Self::Signed16 => {
                let samples = bytes.as_chunks().0.iter();
                out.extend(samples.map(|b| f32::from(i16::from_le_bytes(*b)) / 32_768.0));
            }
            Self::Signed24 => {
                let samples = bytes.as_chunks().0.iter();
                out.extend(
                    samples.map(|[a, b, c]| {
                        i32::from_le_bytes([0, *a, *b, *c]) as f32 / 2_147_483_648.0
                    }),
                );
            }
            Self::Signed32 => {
                let samples = bytes.as_chunks().0.iter();
                out.extend(samples.map(|b| i32::from_le_bytes(*b) as f32 / 2_147_483_648.0));
            }
            Self::Float32 => {
                let samples = bytes.as_chunks().0.iter();
                out.extend(samples.map(|b| f32::from_le_bytes(*b)));
            }
            Self::Float64 => {
                let samples = bytes.as_chunks().0.iter();
                out.extend(samples.map(|b| f64::from_le_bytes(*b) as f32));
            }
        }
    }

    /// Samples to bytes, the inverse: rounded to the nearest step, cut off at full scale, and
    /// what is no number becomes 0.
    pub(super) fn encode(self, samples: &[f32], out: &mut Vec<u8>) {
        let whole = |x: &f32, scale: f64| {
            let x = (f64::from(*x) * scale).round().clamp(-scale, scale - 1.0);
            if x.is_nan() { 0 } else { x as i32 }
        };
        for x in samples {
            match self {
                Self::Unsigned8 => out.push((whole(x, 128.0) + 128) as u8),
                Self::Signed16 => out.extend((whole(x, 32_768.0) as i16).to_le_bytes()),
                Self::Signed24 => out.extend(&whole(x, 8_388_608.0).to_le_bytes()[..3]),
                Self::Signed32 => out.extend(whole(x, 2_147_483_648.0).to_le_bytes()),
                Self::Float32 => out.extend(if x.is_nan() { 0.0 } else { *x }.to_le_bytes()),
                Self::Float64 => {
                    out.extend(f64::from(if x.is_nan() { 0.0 } else { *x }).to_le_bytes());
                }
            }
        }
    }
}

/// What stands before the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) rate: SampleRate,
    pub(super) channels: u16,
    pub(super) encoding: Encoding,
    /// Bytes of samples, if the header knows.
    pub(super) data: Option<u64>,
}

/// Why a header is none.
#[derive(Debug)]
pub(super) enum HeaderError {
    /// It announces compressed samples, or of another width than those here.
    Packed,
    Malformed(String),
    Io(io::Error),
}

impl Header {
    /// Samples in each channel, if the header knows.
    pub(super) fn frames(&self) -> Option<u64> {
        self.data.map(|bytes| bytes / self.frame() as u64)
    }

    /// Bytes of one sample of every channel; at least one.
    pub(super) fn frame(&self) -> usize {
        self.encoding.bytes() * usize::from(self.channels.max(1))
    }

    /// Reads up to the first byte of samples.
    pub(super) fn read(reader: &mut impl Read) -> Result<Self, HeaderError> {
        let riff: [u8; 12] = bytes(reader)?;
        let riff_length = u32_at(&riff, 4);
        let mut long = None;
        let mut format = None;
        let mut before = 4u64;
        loop {
            let chunk: [u8; 8] = bytes(reader)?;
            let length = u32_at(&chunk, 4);
            match &chunk[..4] {
                b"fmt " => {
                    if !(16..=MOST_FORMAT).contains(&length) {
                        let what = format!("its format chunk has {length} bytes");
                        return Err(HeaderError::Malformed(what));
                    }
                    let mut body = vec![0; length as usize];
                    fill(reader, &mut body)?;
                    skip(reader, u64::from(length % 2))?;
                    format = Some(Self::format(&body)?);
                }
                b"ds64" if length >= 28 => {
                    let body: [u8; 28] = bytes(reader)?;
                    long = body[8..16].try_into().ok().map(u64::from_le_bytes);
                    skip(reader, u64::from(length) + u64::from(length % 2) - 28)?;
                }
                b"data" => {
                    let Some(mut header) = format else {
                        let what = "its samples come before their format".to_owned();
                        return Err(HeaderError::Malformed(what));
                    };
                    // No samples, but something after them: that is meant. Otherwise a recorder was
                    // stopped before it could fill in the length.
                    let riff = u64::from(riff_length);
                    let empty = riff > before + 8 && riff < FROM_PIPE;
                    header.data = match (u64::from(length), long) {
                        (FROM_PIPE.., Some(long)) if long > 0 => Some(long),
                        (0, _) => Some(0).filter(|_| empty),
                        (FROM_PIPE.., _) => None,
                        (length, _)
                            if (0..header.frame() as u64).contains(&SOX.wrapping_sub(length)) =>
                        {
                            None
                        }
                        (length, _) => Some(length),
                    };
                    return Ok(header);
                }
                _ => skip(reader, u64::from(length) + u64::from(length % 2))?,
            }
            before += 8 + u64::from(length) + u64::from(length % 2);
        }
    }

    /// The inside of a format chunk, 16 bytes or more.
    fn format(body: &[u8]) -> Result<Self, HeaderError> {
        let (tag, channels) = (u16_at(body, 0), u16_at(body, 2));
        let (rate, frame, bits) = (u32_at(body, 4), u16_at(body, 12), u16_at(body, 14));
        // WAVEFORMATEXTENSIBLE: the tag is the beginning of a GUID.
        let tag = if tag == 0xfffe && body.len() >= 26 {
            u16_at(body, 24)
        } else {
            tag
        };
        if channels == 0 || rate == 0 {
            let what = format!("it has {channels} channels at {rate} Hz");
            return Err(HeaderError::Malformed(what));
        }
        if tag != 1 && tag != 3 {
            return Err(HeaderError::Packed);
        }
        // A sample of 12 bits stands at the top of 2 bytes: the room it takes is what counts.
        let room = match frame / channels {
            0 => bits.div_ceil(8),
            room => room,
        };
        let encoding = match (tag, room) {
            (1, 1) => Encoding::Unsigned8,
            (1, 2) => Encoding::Signed16,
            (1, 3) => Encoding::Signed24,
            (1, 4) => Encoding::Signed32,
            (3, 4) => Encoding::Float32,
            (3, 8) => Encoding::Float64,
            _ => return Err(HeaderError::Packed),
        };
        Ok(Self {
            rate: SampleRate(rate),
            channels,
            encoding,
            data: None,
        })
    }

    /// The bytes of a header. Without a length it says what pipes say: the largest number.
    ///
    /// # Panics
    /// If `data` is more than [`Header::MOST`].
    pub(super) fn bytes(&self) -> Vec<u8> {
        let float = matches!(self.encoding, Encoding::Float32 | Encoding::Float64);
        let frame = self.frame() as u32;
        // Only floats need the second chunk, a count of samples.
        let fact = if float { 12 } else { 0 };
        let (outer, inner) = match self.data {
            None => (u32::MAX, u32::MAX),
            Some(data) => {
                assert!(data <= Self::MOST, "{data} bytes of samples in a WAV");
                let padded = data + data % 2;
                ((padded + 36 + fact) as u32, data as u32)
            }
        };
        let mut out = Vec::with_capacity(56);
        out.extend(b"RIFF");
        out.extend(outer.to_le_bytes());
        out.extend(b"WAVEfmt ");
        out.extend(16u32.to_le_bytes());
        out.extend(if float { 3u16 } else { 1 }.to_le_bytes());
        out.extend(self.channels.to_le_bytes());
        out.extend(self.rate.0.to_le_bytes());
        out.extend(self.rate.0.saturating_mul(frame).to_le_bytes());
        out.extend((frame as u16).to_le_bytes());
        out.extend((self.encoding.bytes() as u16 * 8).to_le_bytes());
        if float {
            out.extend(b"fact");
            out.extend(4u32.to_le_bytes());
            let count = self.frames().map_or(u32::MAX, |frames| frames as u32);
            out.extend(count.to_le_bytes());
        }
        out.extend(b"data");
        out.extend(inner.to_le_bytes());
        out
    }

    /// The most bytes of samples that a WAV file announces here: beyond, readers (this one too)
    /// take the number for that of a pipe.
    pub(super) const MOST: u64 = FROM_PIPE - 64;
}

/// Samples out of a WAV file.
#[derive(Debug)]
pub(super) struct WaveReader {
    header: Header,
    source: Source,
    /// Bytes of samples still to come, if known.
    left: Option<u64>,
    buffer: Vec<u8>,
    /// Bytes in the buffer of a frame not yet complete.
    partial: usize,
    truncated: bool,
}

impl WaveReader {
    pub(super) fn new(header: Header, source: Source) -> Self {
        let room = BLOCK.max(header.frame());
        Self {
            left: header.data,
            buffer: vec![0; room],
            header,
            source,
            partial: 0,
            truncated: false,
        }
    }

    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    pub(super) fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Appends the next frames, as soon as there is one; false at the end.
    pub(super) fn next(&mut self, out: &mut Vec<f32>) -> io::Result<bool> {
        let frame = self.header.frame();
        loop {
            let room = (self.buffer.len() - self.partial) as u64;
            let wanted = self.left.map_or(room, |left| left.min(room)) as usize;
            let got = if wanted == 0 {
                0
            } else {
                self.source
                    .read(&mut self.buffer[self.partial..self.partial + wanted])?
            };
            if got == 0 {
                self.truncated = self.left.map_or(self.partial > 0, |left| left > 0);
                return Ok(false);
            }
            if let Some(left) = &mut self.left {
                *left -= got as u64;
            }
            let filled = self.partial + got;
            let whole = filled - filled % frame;
            self.header.encoding.decode(&self.buffer[..whole], out);
            self.buffer.copy_within(whole..filled, 0);
            self.partial = filled - whole;
            if whole > 0 {
                return Ok(true);
            }
        }
    }
}

impl From<io::Error> for HeaderError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            Self::Malformed("it ends within its header".to_owned())
        } else {
            Self::Io(error)
        }
    }
}

fn fill(reader: &mut impl Read, out: &mut [u8]) -> Result<(), HeaderError> {
    Ok(reader.read_exact(out)?)
}

fn bytes<const N: usize>(reader: &mut impl Read) -> Result<[u8; N], HeaderError> {
    let mut out = [0; N];
    fill(reader, &mut out)?;
    Ok(out)
}

fn skip(reader: &mut impl Read, length: u64) -> Result<(), HeaderError> {
    let gone = io::copy(&mut reader.take(length), &mut io::sink())?;
    if gone < length {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(())
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Bytes read at a time.
const BLOCK: usize = 1 << 15;

/// A longer format chunk is nonsense: the longest known has 40 bytes and a codec's extras.
const MOST_FORMAT: u32 = 4_096;

/// Lengths from here on are no lengths: ffmpeg writes 2^32 - 1 to a pipe, others that less a
/// header.
const FROM_PIPE: u64 = 0xffff_0000;

/// What sox writes to a pipe, rounded down to whole frames.
const SOX: u64 = 0x7fff_f000;
