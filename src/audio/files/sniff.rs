//! What a file is, by its first bytes. Names lie more often than bytes.

/// What the first bytes look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looks {
    /// RIFF, RF64 or BW64 with a WAVE inside.
    Wave,
    /// Another container that is read here, by name.
    Packed(&'static str),
    /// A recording that is not read here.
    Unsupported(&'static str),
    /// No recording.
    NotAudio(&'static str),
    /// Nothing.
    Empty,
}

/// Judges the first bytes of a file; its extension is asked only where they do not tell.
pub(super) fn looks(start: &[u8], extension: &str) -> Looks {
    let kind = start.get(8..12).unwrap_or_default();
    match start {
        [] => Looks::Empty,
        [b'R', b'I', b'F', b'F', ..]
        | [b'R', b'F', b'6', b'4', ..]
        | [b'B', b'W', b'6', b'4', ..] => match kind {
            b"WAVE" => Looks::Wave,
            b"AVI " => Looks::NotAudio("an AVI video"),
            b"WEBP" => Looks::NotAudio("a WebP picture"),
            _ => Looks::NotAudio("a RIFF file without sound"),
        },
        [b'f', b'L', b'a', b'C', ..] => Looks::Packed("FLAC"),
        [b'O', b'g', b'g', b'S', ..] => {
            // The first page holds the codec's own name.
            if start.windows(8).any(|w| w == b"OpusHead") {
                Looks::Unsupported("Opus")
            } else if start.windows(8).any(|w| w == b"Speex   ") {
                Looks::Unsupported("Speex")
            } else {
                Looks::Packed("Ogg")
            }
        }
        [b'F', b'O', b'R', b'M', ..] if kind == b"AIFF" || kind == b"AIFC" => Looks::Packed("AIFF"),
        [b'I', b'D', b'3', ..] => Looks::Packed("MP3"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Looks::Packed("MP4"),
        // Eleven or twelve ones: a frame of MPEG audio; layer 0 is AAC.
        [0xff, second, ..] if second & 0xf6 == 0xf0 => Looks::Packed("AAC"),
        [0xff, second, ..] if second & 0xe6 == 0xe2 => Looks::Packed("MP3"),
        [0xff, 0xd8, 0xff, ..] => Looks::NotAudio("a JPEG picture"),
        [b'c', b'a', b'f', b'f', ..] => Looks::Unsupported("CAF"),
        [b'.', b's', b'n', b'd', ..] => Looks::Unsupported("AU"),
        [b'w', b'v', b'p', b'k', ..] => Looks::Unsupported("WavPack"),
        [b'#', b'!', b'A', b'M', b'R', ..] => Looks::Unsupported("AMR"),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => Looks::Unsupported("Matroska or WebM"),
        [0x30, 0x26, 0xb2, 0x75, ..] => Looks::Unsupported("WMA"),
        [0x89, b'P', b'N', b'G', ..] => Looks::NotAudio("a PNG picture"),
        [b'G', b'I', b'F', b'8', ..] => Looks::NotAudio("a GIF picture"),
        [b'%', b'P', b'D', b'F', ..] => Looks::NotAudio("a PDF document"),
        [b'P', b'K', 3 | 5, ..] => Looks::NotAudio("a ZIP archive"),
        [0x1f, 0x8b, ..] => Looks::NotAudio("a gzip archive"),
        [0x7f, b'E', b'L', b'F', ..] | [b'M', b'Z', ..] => Looks::NotAudio("a program"),
        _ => match extension.to_ascii_lowercase().as_str() {
            // MPEG streams may begin in the middle of a frame.
            "mp3" if !text(start) => Looks::Packed("MP3"),
            "aac" if !text(start) => Looks::Packed("AAC"),
            _ if text(start) => Looks::NotAudio("text"),
            _ if start.iter().all(|byte| *byte == 0) => Looks::NotAudio("nothing but zeros"),
            _ => Looks::NotAudio("unknown data (raw samples need a WAV header)"),
        },
    }
}

/// Whether these bytes could be the beginning of a text in UTF-8.
fn text(start: &[u8]) -> bool {
    let valid = match std::str::from_utf8(start) {
        Ok(all) => all,
        // Cut within a character.
        Err(e) if e.error_len().is_none() => {
            std::str::from_utf8(&start[..e.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !valid.is_empty()
        && valid
            .chars()
            .all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_tell_and_the_name_helps_only_where_they_do_not() {
        for (start, extension, want) in [
            (&b""[..], "wav", Looks::Empty),
            (b"RIFF\x24\0\0\0WAVEfmt ", "mp3", Looks::Wave),
            (b"RF64\xff\xff\xff\xffWAVEds64", "", Looks::Wave),
            (
                b"RIFF\x24\0\0\0AVI LIST",
                "wav",
                Looks::NotAudio("an AVI video"),
            ),
            (b"RIFF", "wav", Looks::NotAudio("a RIFF file without sound")),
            (b"fLaC\0\0\0\x22", "", Looks::Packed("FLAC")),
            (
                b"OggS\0\x02........OpusHead",
                "",
                Looks::Unsupported("Opus"),
            ),
            (b"OggS\0\x02........\x01vorbis", "", Looks::Packed("Ogg")),
            (b"\0\0\0\x1cftypM4A ", "", Looks::Packed("MP4")),
            (b"\xff\xf1\x50\x80", "", Looks::Packed("AAC")),
            (b"\xff\xfb\x90\x64", "", Looks::Packed("MP3")),
            (
                b"\xff\xd8\xff\xe0",
                "mp3",
                Looks::NotAudio("a JPEG picture"),
            ),
            (b"hello, world\n", "wav", Looks::NotAudio("text")),
            (b"hello, world\n", "mp3", Looks::NotAudio("text")),
            ("Gr\u{fc}\u{df}e".as_bytes(), "", Looks::NotAudio("text")),
            (b"\x01\x02\x03", "mp3", Looks::Packed("MP3")),
            (
                b"\0\0\0\0\0\0\0\0",
                "wav",
                Looks::NotAudio("nothing but zeros"),
            ),
        ] {
            assert_eq!(looks(start, extension), want, "{start:?}");
        }
    }
}
