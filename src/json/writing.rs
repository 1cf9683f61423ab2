//! Values to text, and whatever is at hand to values.

use std::fmt::{self, Write};

use super::{Map, Number, Value};

/// Decimals of a fraction, at most.
const DECIMALS: usize = 4;

/// In one line, without spaces.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(true) => f.write_str("true"),
            Self::Bool(false) => f.write_str("false"),
            Self::Number(number) => f.write_str(&number.0),
            Self::String(text) => quote(text, f),
            Self::Array(elements) => {
                let mut sign = '[';
                for element in elements {
                    f.write_char(sign)?;
                    element.fmt(f)?;
                    sign = ',';
                }
                f.write_str(if sign == '[' { "[]" } else { "]" })
            }
            Self::Object(Map(members)) => {
                let mut sign = '{';
                for (name, value) in members {
                    f.write_char(sign)?;
                    quote(name, f)?;
                    f.write_char(':')?;
                    value.fmt(f)?;
                    sign = ',';
                }
                f.write_str(if sign == '{' { "{}" } else { "}" })
            }
        }
    }
}

fn quote(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    let mut rest = text;
    while let Some(at) = rest.find(|c| c < ' ' || c == '"' || c == '\\') {
        f.write_str(&rest[..at])?;
        let byte = rest.as_bytes()[at];
        f.write_char('\\')?;
        match byte {
            b'\n' => f.write_char('n')?,
            b'\r' => f.write_char('r')?,
            b'\t' => f.write_char('t')?,
            8 => f.write_char('b')?,
            12 => f.write_char('f')?,
            b'"' | b'\\' => f.write_char(byte.into())?,
            _ => {
                f.write_str("u00")?;
                for digit in [byte >> 4, byte & 15] {
                    f.write_char(char::from_digit(digit.into(), 16).unwrap_or('0'))?;
                }
            }
        }
        rest = &rest[at + 1..];
    }
    f.write_str(rest)?;
    f.write_char('"')
}

/// To four decimals; null if it is not finite.
impl From<f64> for Value {
    fn from(number: f64) -> Self {
        if !number.is_finite() {
            return Self::Null;
        }
        let parts = (number.abs() * 10f64.powi(DECIMALS as i32)).round();
        let mut text = (parts as u64).to_string();
        while text.len() <= DECIMALS {
            text.insert(0, '0');
        }
        text.insert(text.len() - DECIMALS, '.');
        let text = text.trim_end_matches('0').trim_end_matches('.');
        let sign = if number < 0.0 && text != "0" { "-" } else { "" };
        Self::Number(Number(sign.to_owned() + text))
    }
}

macro_rules! whole {
    ($($kind:ty)*) => {$(
        impl From<$kind> for Value {
            fn from(number: $kind) -> Self {
                Self::Number(Number(number.to_string()))
            }
        }

        impl From<&$kind> for Value {
            fn from(number: &$kind) -> Self {
                Self::from(*number)
            }
        }
    )*};
}

whole!(u8 u16 u32 u64 usize i64);

impl From<bool> for Value {
    fn from(is: bool) -> Self {
        Self::Bool(is)
    }
}

impl From<&bool> for Value {
    fn from(is: &bool) -> Self {
        Self::Bool(*is)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::String(text.clone())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<&&str> for Value {
    fn from(text: &&str) -> Self {
        Self::String((*text).to_owned())
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Object(map)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(elements: Vec<T>) -> Self {
        elements.into_iter().collect()
    }
}

impl<T: Into<Value>, const N: usize> From<[T; N]> for Value {
    fn from(elements: [T; N]) -> Self {
        elements.into_iter().collect()
    }
}

impl<T: Into<Value>> FromIterator<T> for Value {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self::Array(elements.into_iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_have_as_many_decimals_as_they_need() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-12.5, "-12.5"),
            (0.0312, "0.0312"),
            (0.000_04, "0"),
            (-0.000_04, "0"),
            (99.999_96, "100"),
            (1_234_567.25, "1234567.25"),
            (1e14, "100000000000000"),
            (f64::NAN, "null"),
            (f64::NEG_INFINITY, "null"),
        ] {
            assert_eq!(Value::from(number).to_string(), text);
        }
    }
}
