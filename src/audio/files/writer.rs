//! WAV out, mono, to a file or a pipe.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::FileError;
use super::wave::{Encoding, Header};
use crate::units::SampleRate;

/// How samples are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WavFormat {
    /// 16 bit: 96 dB, what everything plays.
    #[default]
    Int16,
    /// 24 bit.
    Int24,
    /// 32 bit floating point: exact.
    Float32,
}

/// Writes one channel of samples as WAV.
///
/// A regular file is written under another name in the same folder and takes its own when
/// [`finish`](Self::finish) has succeeded: what was there before stays until then, and nothing
/// half-written ever stands under the name. Devices and named pipes are written to directly.
///
/// ```no_run
/// use airshake::audio::files::{WavFormat, WavWriter};
/// use airshake::units::SampleRate;
///
/// let samples = [0.0; 48_000];
/// let mut wav = WavWriter::create("silence.wav", SampleRate(48_000), WavFormat::Int16, Some(48_000))?;
/// wav.write(&samples)?;
/// wav.finish()?;
/// # Ok::<(), airshake::audio::files::FileError>(())
/// ```
pub struct WavWriter {
    name: String,
    header: Header,
    out: Out,
    announced: Option<u64>,
    written: u64,
    bytes: Vec<u8>,
}

enum Out {
    File(BufWriter<Unfinished>),
    Stream(Box<dyn Write + Send>),
}

impl WavWriter {
    /// Begins a file. With `samples` the header is right from the start; without, it is completed
    /// at the end, which a device or a named pipe does not allow: there it says "endless".
    ///
    /// # Errors
    /// [`FileError::TooLong`] if so many samples do not fit, [`FileError::Write`] if the folder
    /// cannot be written to.
    pub fn create(
        path: impl AsRef<Path>,
        rate: SampleRate,
        format: WavFormat,
        samples: Option<u64>,
    ) -> Result<Self, FileError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let header = fitting(&name, rate, format, samples)?;
        let out = open(path).map_err(|source| FileError::Write {
            name: name.clone(),
            source,
        })?;
        Self::begin(name, header, out, samples)
    }

    /// Begins on a stream, such as standard output; `name` is for messages. Without `samples` the
    /// header says "endless", which most programs understand.
    ///
    /// # Errors
    /// [`FileError::TooLong`] if so many samples do not fit, [`FileError::Write`] if the stream
    /// takes nothing.
    pub fn to_stream(
        stream: impl Write + Send + 'static,
        name: &str,
        rate: SampleRate,
        format: WavFormat,
        samples: Option<u64>,
    ) -> Result<Self, FileError> {
        let header = fitting(name, rate, format, samples)?;
        let out = Out::Stream(Box::new(BufWriter::new(stream)));
        Self::begin(name.to_owned(), header, out, samples)
    }

    fn begin(
        name: String,
        header: Header,
        out: Out,
        announced: Option<u64>,
    ) -> Result<Self, FileError> {
        let mut writer = Self {
            name,
            header,
            out,
            announced,
            written: 0,
            bytes: Vec::new(),
        };
        writer.put(&header.bytes())?;
        Ok(writer)
    }

    /// Appends samples: rounded to the nearest step, cut off at +-1 (floats are not), and 0 for
    /// what is no number.
    ///
    /// # Errors
    /// [`FileError::WrongLength`] beyond what was announced, [`FileError::TooLong`] beyond what
    /// fits, [`FileError::Write`] if the disk is full or the pipe closed.
    pub fn write(&mut self, samples: &[f32]) -> Result<(), FileError> {
        let written = self.written + samples.len() as u64;
        match self.announced {
            Some(announced) if written > announced => {
                return Err(FileError::WrongLength {
                    name: self.name.clone(),
                    written,
                    announced,
                });
            }
            _ => check(&self.name, &self.header, written)?,
        }
        self.written = written;
        for block in samples.chunks(4_096) {
            let mut bytes = std::mem::take(&mut self.bytes);
            bytes.clear();
            self.header.encoding.encode(block, &mut bytes);
            let put = self.put(&bytes);
            self.bytes = bytes;
            put?;
        }
        Ok(())
    }

    /// Completes the file, gives it its name, and returns how many samples are in it. Without
    /// this call nothing remains of a file.
    ///
    /// # Errors
    /// [`FileError::WrongLength`] if fewer samples came than announced, [`FileError::Write`].
    pub fn finish(mut self) -> Result<u64, FileError> {
        if let Some(announced) = self
            .announced
            .filter(|announced| *announced != self.written)
        {
            return Err(FileError::WrongLength {
                name: self.name,
                written: self.written,
                announced,
            });
        }
        let data = self.written * self.header.encoding.bytes() as u64;
        // Chunks are padded to an even length.
        if data % 2 == 1 {
            self.put(&[0])?;
        }
        self.header.data = Some(data);
        let header = self.announced.is_none().then(|| self.header.bytes());
        let done = match self.out {
            Out::Stream(mut stream) => stream.flush(),
            Out::File(file) => file
                .into_inner()
                .map_err(io::IntoInnerError::into_error)
                .and_then(|file| file.finish(header.as_deref())),
        };
        match done {
            Ok(()) => Ok(self.written),
            Err(source) => Err(FileError::Write {
                name: self.name,
                source,
            }),
        }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let put = match &mut self.out {
            Out::File(file) => file.write_all(bytes),
            Out::Stream(stream) => stream.write_all(bytes),
        };
        put.map_err(|source| FileError::Write {
            name: self.name.clone(),
            source,
        })
    }
}

impl std::fmt::Debug for WavWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WavWriter({}, {} samples)", self.name, self.written)
    }
}

fn fitting(
    name: &str,
    rate: SampleRate,
    format: WavFormat,
    samples: Option<u64>,
) -> Result<Header, FileError> {
    let encoding = match format {
        WavFormat::Int16 => Encoding::Signed16,
        WavFormat::Int24 => Encoding::Signed24,
        WavFormat::Float32 => Encoding::Float32,
    };
    let mut header = Header {
        rate,
        channels: 1,
        encoding,
        data: None,
    };
    if let Some(samples) = samples {
        check(name, &header, samples)?;
        header.data = Some(samples * encoding.bytes() as u64);
    }
    Ok(header)
}

fn check(name: &str, header: &Header, samples: u64) -> Result<(), FileError> {
    let max = Header::MOST / header.encoding.bytes() as u64;
    if samples > max {
        return Err(FileError::TooLong {
            name: name.to_owned(),
            samples,
            max,
        });
    }
    Ok(())
}

/// A file that has no name yet, or writes to something that keeps its own.
fn open(path: &Path) -> io::Result<Out> {
    match fs::metadata(path) {
        Ok(about) if about.is_dir() => Err(io::Error::new(
            io::ErrorKind::IsADirectory,
            "it is a folder",
        )),
        Ok(about) if !about.is_file() => {
            let file = OpenOptions::new().write(true).open(path)?;
            Ok(Out::Stream(Box::new(BufWriter::new(file))))
        }
        Ok(about) => {
            // The file that a link points to is replaced, not the link, and who may read it stays.
            let unfinished = Unfinished::new(path.canonicalize()?)?;
            unfinished.file.set_permissions(about.permissions())?;
            Ok(Out::File(BufWriter::new(unfinished)))
        }
        Err(_) => Ok(Out::File(BufWriter::new(Unfinished::new(path.to_owned())?))),
    }
}

/// A file under a name that says it is not finished; it goes away if it never is.
struct Unfinished {
    file: File,
    at: PathBuf,
    name: PathBuf,
    finished: bool,
}

impl Unfinished {
    fn new(name: PathBuf) -> io::Result<Self> {
        let file_name = name
            .file_name()
            .ok_or_else(|| io::Error::other("it is not the name of a file"))?;
        // Two programs, or two writers in one, must not take the same.
        for attempt in 0..100 {
            let mut part = std::ffi::OsString::from(".");
            part.push(file_name);
            part.push(format!(".{}-{attempt}.part", std::process::id()));
            let at = name.with_file_name(part);
            match OpenOptions::new().write(true).create_new(true).open(&at) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                opened => {
                    return opened.map(|file| Self {
                        file,
                        at,
                        name,
                        finished: false,
                    });
                }
            }
        }
        Err(io::Error::other(
            "too many unfinished files stand beside it",
        ))
    }

    fn finish(mut self, header: Option<&[u8]>) -> io::Result<()> {
        if let Some(header) = header {
            self.file.seek(SeekFrom::Start(0))?;
            self.file.write_all(header)?;
        }
        // A full disk may tell only now.
        self.file.sync_all()?;
        fs::rename(&self.at, &self.name)?;
        self.finished = true;
        Ok(())
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.finished {
            // Nothing can be done if even this fails.
            let _ = fs::remove_file(&self.at);
        }
    }
}
