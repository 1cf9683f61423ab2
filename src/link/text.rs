//! Text of a stranger, made fit for a terminal.

/// The text without what could do more than be read: control characters (escape sequences begin
/// with one), invisible marks that turn the direction of writing, and line breaks, with which a
/// message could pass for two. Tabs and breaks become spaces; at most
/// [`MAX_PAYLOAD`](super::MAX_PAYLOAD) bytes are kept, whole characters only.
pub fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len().min(super::MAX_PAYLOAD));
    for c in text.chars() {
        let c = match c {
            '\t' | '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
            c if c.is_control() || turns_direction(c) => continue,
            c => c,
        };
        if cleaned.len() + c.len_utf8() > super::MAX_PAYLOAD {
            break;
        }
        cleaned.push(c);
    }
    cleaned
}

/// The explicit marks of the Unicode bidirectional algorithm (UAX 9, section 2). Right-to-left
/// scripts need none of them to be shown right.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::MAX_PAYLOAD;

    #[test]
    fn letters_of_every_script_stay() {
        let text = "Grüße, 世界, مرحبا, שלום, 👩‍🚀!";
        assert_eq!(clean(text), text);
    }

    #[test]
    fn nothing_that_steers_a_terminal_stays() {
        for c in ('\0'..='\u{1f}').chain('\u{7f}'..='\u{9f}') {
            let cleaned = clean(&format!("a{c}b"));
            assert!(cleaned == "ab" || cleaned == "a b", "{c:?} {cleaned:?}");
        }
        assert_eq!(clean("\u{202e}evil\u{2066}"), "evil");
    }

    #[test]
    fn one_message_cannot_pass_for_two() {
        assert_eq!(clean("hi\r\nyou> yes\u{2028}x"), "hi  you> yes x");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        // Replacement characters make text longer: three bytes for one.
        let cleaned = clean(&"\u{fffd}".repeat(MAX_PAYLOAD));
        assert_eq!(cleaned.len(), MAX_PAYLOAD / 3 * 3);
    }
}
