//! Text to values. The text is a stranger's: what is nested deeply is refused, and nothing is kept
//! that is larger than the text by more than a constant.

use std::fmt;

use super::{Map, Number, Value};

/// Arrays and objects may lie so deep in each other: more is for nothing but a stack to overflow.
const DEEPEST: usize = 128;

/// Why a text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    at: usize,
    expected: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not JSON: ")?;
        f.write_str(self.expected)?;
        f.write_str(" expected at byte ")?;
        self.at.fmt(f)
    }
}

impl std::error::Error for Malformed {}

/// Reads a text that is one value and nothing beside.
///
/// # Errors
/// If it is not JSON, or nested more than 128 deep.
pub fn from_str(text: &str) -> Result<Value, Malformed> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.expected("the end")),
    }
}

/// Reads bytes that are one value and nothing beside.
///
/// # Errors
/// As [`from_str`], or if they are not UTF-8.
pub fn from_slice(bytes: &[u8]) -> Result<Value, Malformed> {
    let text = std::str::from_utf8(bytes).map_err(|error| Malformed {
        at: error.valid_up_to(),
        expected: "UTF-8",
    })?;
    from_str(text)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn expected(&self, expected: &'static str) -> Malformed {
        let at = self.at;
        Malformed { at, expected }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no space.
    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.byte() {
            self.at += 1;
        }
        self.byte()
    }

    /// Takes a byte if it is the next.
    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.byte() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn value(&mut self, depth: usize) -> Result<Value, Malformed> {
        if depth == DEEPEST {
            return Err(self.expected("something less deep"));
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            _ => {
                let words = [
                    ("null", Value::Null),
                    ("true", Value::Bool(true)),
                    ("false", Value::Bool(false)),
                ];
                for (word, value) in words {
                    if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
                        self.at += word.len();
                        return Ok(value);
                    }
                }
                Err(self.expected("a value"))
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Malformed> {
        self.at += 1;
        let mut map = Map::default();
        if self.peek() != Some(b'}') {
            loop {
                if self.peek() != Some(b'"') {
                    return Err(self.expected("a name"));
                }
                let name = self.string()?;
                self.peek();
                if !self.take(b':') {
                    return Err(self.expected("a colon"));
                }
                map.insert(name, self.value(depth + 1)?);
                self.peek();
                if !self.take(b',') {
                    break;
                }
            }
        }
        match self.take(b'}') {
            true => Ok(Value::Object(map)),
            false => Err(self.expected("a comma or a brace")),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, Malformed> {
        self.at += 1;
        let mut elements = Vec::new();
        if self.peek() != Some(b']') {
            loop {
                elements.push(self.value(depth + 1)?);
                self.peek();
                if !self.take(b',') {
                    break;
                }
            }
        }
        match self.take(b']') {
            true => Ok(Value::Array(elements)),
            false => Err(self.expected("a comma or a bracket")),
        }
    }

    fn number(&mut self) -> Result<Number, Malformed> {
        let start = self.at;
        self.take(b'-');
        // No digit follows a zero in front.
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(Number(self.text[start..self.at].to_owned()))
    }

    /// One or more.
    fn digits(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.byte() {
            self.at += 1;
        }
        match self.at > start {
            true => Ok(()),
            false => Err(self.expected("a digit")),
        }
    }

    fn string(&mut self) -> Result<String, Malformed> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let start = self.at;
            while !matches!(self.byte(), None | Some(b'"' | b'\\' | 0..=0x1f)) {
                self.at += 1;
            }
            // All three are characters of their own: what lies between them is whole.
            out.push_str(&self.text[start..self.at]);
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escaped()?);
                }
                _ => return Err(self.expected("the end of a text")),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, Malformed> {
        const NO_ESCAPE: &str = "a character that can be escaped";
        let c = match self.byte() {
            Some(c @ (b'"' | b'\\' | b'/')) => c.into(),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                let mut code = self.four_digits()?;
                // Beyond 16 bits: a high and a low surrogate.
                if (0xd800..0xdc00).contains(&code) && self.take(b'\\') && self.take(b'u') {
                    let low = self.four_digits()?.wrapping_sub(0xdc00);
                    if low < 0x400 {
                        code = 0x1_0000 + ((code - 0xd800) << 10) + low;
                    }
                }
                return char::from_u32(code).ok_or(self.expected("both halves of a character"));
            }
            _ => return Err(self.expected(NO_ESCAPE)),
        };
        self.at += 1;
        Ok(c)
    }

    fn four_digits(&mut self) -> Result<u32, Malformed> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.byte().and_then(|byte| char::from(byte).to_digit(16));
            code = code << 4 | digit.ok_or(self.expected("a hexadecimal digit"))?;
            self.at += 1;
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read() {
        let text = r#""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é""#;
        let read = from_str(text).unwrap();
        let expected = "\"\\/\u{8}\u{c}\n\r\t\u{e9}\u{1f600}\u{e9}";
        assert_eq!(read.as_str(), Some(expected));
    }

    #[test]
    fn what_is_no_json_is_refused_and_where_it_stops_being_it() {
        for (text, at) in [
            ("", 0),
            ("nul", 0),
            ("01", 1),
            ("1.", 2),
            ("-", 1),
            ("1e+", 3),
            ("[1,]", 3),
            ("{\"a\":1,}", 7),
            ("{a:1}", 1),
            ("\"a", 2),
            ("\"\n\"", 1),
            (r#""\x""#, 2),
            (r#""\ud800""#, 7),
            (r#""\ud800\u0041""#, 13),
            (r#""\udc00""#, 7),
            ("[] []", 3),
        ] {
            let malformed = from_str(text).unwrap_err();
            assert_eq!(malformed.at, at, "{text}: {malformed}");
        }
        assert_eq!(from_slice(b"\"\xff\"").unwrap_err().at, 1);
    }

    #[test]
    fn nesting_ends_somewhere() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert!(from_str(&nested(DEEPEST)).is_ok());
        assert!(from_str(&nested(DEEPEST + 1)).is_err());
        assert!(from_str(&"[".repeat(1 << 20)).is_err());
    }
}
