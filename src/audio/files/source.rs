//! Bytes from a file or a pipe, with a look at the first of them.

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::Mutex;

use symphonia::core::io::MediaSource;

/// Where a recording comes from. Reads are repeated when a signal interrupts them.
pub(super) struct Source {
    inner: Inner,
    /// Bytes that were looked at and belong before the rest of a stream.
    before: Cursor<Vec<u8>>,
}

enum Inner {
    /// A regular file, which can be read again from anywhere.
    File(File),
    /// Anything else. The mutex is never locked: it makes a reader `Sync`, as decoders ask.
    Stream(Mutex<Box<dyn Read + Send>>),
}

impl Source {
    pub(super) fn file(file: File, regular: bool) -> Self {
        if regular {
            Self::of(Inner::File(file))
        } else {
            Self::stream(file)
        }
    }

    pub(super) fn stream(reader: impl Read + Send + 'static) -> Self {
        Self::of(Inner::Stream(Mutex::new(Box::new(reader))))
    }

    fn of(inner: Inner) -> Self {
        Self {
            inner,
            before: Cursor::default(),
        }
    }

    /// The first bytes, up to [`PEEK`] or the end, without taking them. To be called once, at the
    /// start.
    pub(super) fn peek(&mut self) -> io::Result<&[u8]> {
        let mut start = vec![0; PEEK];
        let mut filled = 0;
        while filled < PEEK {
            match self.read(&mut start[filled..])? {
                0 => break,
                n => filled += n,
            }
        }
        start.truncate(filled);
        if let Inner::File(file) = &mut self.inner {
            // The file starts over; what was read is kept only to be looked at.
            file.rewind()?;
            self.before = Cursor::new(start);
            self.before.set_position(filled as u64);
        } else {
            self.before = Cursor::new(start);
        }
        Ok(self.before.get_ref())
    }
}

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.before.read(out)?;
        if n > 0 || out.is_empty() {
            return Ok(n);
        }
        loop {
            let got = match &mut self.inner {
                Inner::File(file) => file.read(out),
                Inner::Stream(reader) => reader
                    .get_mut()
                    .unwrap_or_else(|poisoned| poisoned.into_inner())
                    .read(out),
            };
            match got {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match &mut self.inner {
            Inner::File(file) => file.seek(to),
            Inner::Stream(_) => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "a pipe cannot be rewound",
            )),
        }
    }
}

impl MediaSource for Source {
    fn is_seekable(&self) -> bool {
        matches!(self.inner, Inner::File(_))
    }

    fn byte_len(&self) -> Option<u64> {
        match &self.inner {
            Inner::File(file) => file.metadata().ok().map(|about| about.len()),
            Inner::Stream(_) => None,
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_seekable() { "file" } else { "stream" })
    }
}

/// Remembers what is read of a source, so that another reader can begin again.
pub(super) struct Tee {
    source: Source,
    kept: Vec<u8>,
    whole: bool,
}

impl Tee {
    pub(super) fn new(source: Source) -> Self {
        Self {
            source,
            kept: Vec::new(),
            whole: true,
        }
    }

    /// The rest of the source.
    pub(super) fn into_source(self) -> Source {
        self.source
    }

    /// The source from its start.
    pub(super) fn rewound(mut self) -> io::Result<Source> {
        if self.source.is_seekable() {
            self.source.rewind()?;
        } else if self.whole {
            let position = self.source.before.position() as usize;
            let unread = self
                .source
                .before
                .get_ref()
                .get(position..)
                .unwrap_or_default();
            self.kept.extend_from_slice(unread);
            self.source.before = Cursor::new(self.kept);
        } else {
            return Err(io::Error::other(
                "its header is too long to be read from a pipe",
            ));
        }
        Ok(self.source)
    }
}

impl Read for Tee {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(out)?;
        if self.kept.len() + n <= KEEP {
            self.kept.extend_from_slice(&out[..n]);
        } else {
            self.whole = false;
        }
        Ok(n)
    }
}

/// Enough to tell what a file is: an MP4 names itself within 12 bytes, text is text.
const PEEK: usize = 512;

/// How much of a header is kept for a second reader: pictures in it would be larger.
const KEEP: usize = 1 << 20;
