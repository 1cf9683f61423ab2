//! Text that came from elsewhere, made safe to print.

/// `text` as one line that cannot move the cursor, hide itself or turn the line around: every
/// control character and every invisible direction mark is written as an escape.
pub(crate) fn one_line(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_direction_mark(c) {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Whether `payload` is text that a terminal can be trusted with: UTF-8 whose only control
/// characters are line breaks and tabs.
pub(crate) fn as_text(payload: &[u8]) -> Option<&str> {
    std::str::from_utf8(payload).ok().filter(|text| {
        text.chars()
            .all(|c| !(c.is_control() || is_direction_mark(c)) || c == '\n' || c == '\t')
    })
}

/// "1 byte", "64 bytes".
pub(crate) fn bytes(count: usize) -> String {
    match count {
        1 => "1 byte".to_owned(),
        n => format!("{n} bytes"),
    }
}

/// `bytes` in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]])
        .map(char::from)
        .collect()
}

/// At most `width` characters of `line`, the last one an ellipsis if some are missing.
pub(crate) fn truncate(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let mut short: String = line.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// Marks of Unicode's bidirectional algorithm and other invisible ones that make a line read
/// differently from what it is (Unicode Technical Report 36, section 2.5).
fn is_direction_mark(c: char) -> bool {
    matches!(c,
        '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_direction_marks_come_out_as_text() {
        assert_eq!(
            one_line("a\x1b[2Jb\u{202e}c\n"),
            "a\\u{1b}[2Jb\\u{202e}c\\u{a}"
        );
        assert_eq!(one_line("naïve 日本 👋"), "naïve 日本 👋");
    }

    #[test]
    fn text_is_utf8_without_surprises() {
        assert_eq!(as_text(b"two\nlines\t"), Some("two\nlines\t"));
        assert_eq!(as_text(b"\x1b[2J"), None);
        assert_eq!(as_text(&[0xff, 0xfe]), None);
    }

    #[test]
    fn hex_writes_two_digits_a_byte() {
        assert_eq!(hex(&[0x00, 0x0f, 0xa5]), "000fa5");
    }

    #[test]
    fn truncation_keeps_to_the_width() {
        assert_eq!(truncate("abcdef", 6), "abcdef");
        assert_eq!(truncate("abcdefg", 6), "abcde…");
    }
}
