//! JSON (RFC 8259), as much of it as signals and those who show them need.
//!
//! Small before all: a page downloads it. Numbers stay text, for the algorithms that turn decimals
//! into binary fractions and back bring tables of twenty kilobytes.

mod reading;
mod writing;

pub use reading::{Malformed, from_slice, from_str};

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    String(String),
    /// An array.
    Array(Vec<Value>),
    /// An object.
    Object(Map),
}

/// A number as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number(String);

/// The members of an object, in their order. Of members of one name the last counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map(Vec<(String, Value)>);

/// Makes an object: `json!({ "name": value, .. })`, of whatever there is a [`From`] for.
#[macro_export]
macro_rules! json {
    ({ $($name:literal : $value:expr),* $(,)? }) => {
        $crate::json::Value::object(vec![$(($name, $crate::json::Value::from($value))),*])
    };
}

impl Value {
    /// An object of these members.
    pub fn object(members: Vec<(&str, Value)>) -> Self {
        let mut map = Map::default();
        for (name, value) in members {
            map.insert(name, value);
        }
        Self::Object(map)
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is `true` or `false`, if it is either.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(is) => Some(*is),
            _ => None,
        }
    }

    /// The number, if it is a whole one from 0 on, below 2^64, and written as one.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Number(number) => number.0.parse().ok(),
            _ => None,
        }
    }

    /// The number, if it is a whole one of 64 bits with sign, and written as one.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.0.parse().ok(),
            _ => None,
        }
    }

    /// The number, if it is one; of its sixteenth digit on it may be off, and too great a one is
    /// infinite.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number.approximate()),
            _ => None,
        }
    }

    /// The elements, if it is an array.
    pub fn as_array(&self) -> Option<&Vec<Value>> {
        match self {
            Self::Array(elements) => Some(elements),
            _ => None,
        }
    }

    /// The members, if it is an object.
    pub fn as_object(&self) -> Option<&Map> {
        match self {
            Self::Object(map) => Some(map),
            _ => None,
        }
    }

    /// A member, if it is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_object()?.get(name)
    }
}

impl Number {
    fn approximate(&self) -> f64 {
        let (digits, exponent) = match self.0.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, exponent.parse()),
            None => (self.0.as_str(), Ok(0)),
        };
        // What does not fit 32 bits is beyond all that a fraction of 64 can be.
        let beyond = if self.0.contains("e-") || self.0.contains("E-") {
            i32::MIN / 2
        } else {
            i32::MAX / 2
        };
        let (mut number, mut shift) = (
            0f64,
            exponent
                .unwrap_or(beyond)
                .clamp(-beyond.abs(), beyond.abs()),
        );
        let mut is_whole = true;
        for byte in digits.bytes() {
            match byte {
                b'.' => is_whole = false,
                b'0'..=b'9' if number < 1e17 => {
                    number = 10.0 * number + f64::from(byte - b'0');
                    shift -= i32::from(!is_whole);
                }
                b'0'..=b'9' => shift += i32::from(is_whole),
                _ => {}
            }
        }
        let number = match shift {
            _ if number == 0.0 => 0.0,
            ..0 => number / 10f64.powi(-shift),
            _ => number * 10f64.powi(shift),
        };
        if digits.starts_with('-') {
            -number
        } else {
            number
        }
    }

    /// Whether it is zero, whatever its sign.
    pub fn is_zero(&self) -> bool {
        let digits = self.0.split(['e', 'E']).next().unwrap_or_default();
        !digits.bytes().any(|digit| matches!(digit, b'1'..=b'9'))
    }
}

impl Map {
    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let mut latest = self.0.iter().rev();
        latest.find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// Whether there is a value of that name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Appends a member.
    pub fn insert(&mut self, name: impl Into<String>, value: Value) {
        self.0.push((name.into(), value));
    }

    /// Takes all members of that name out, and gives the value.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let value = self.get(name).cloned();
        self.0.retain(|(own, _)| own != name);
        value
    }

    /// All names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// All names.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }
}

impl FromIterator<(String, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(members: I) -> Self {
        Self(members.into_iter().collect())
    }
}

impl std::ops::Index<&str> for Value {
    type Output = Value;

    /// The member of that name; null if there is none.
    fn index(&self, name: &str) -> &Value {
        self.get(name).unwrap_or(&Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any value that both know, as the oracle's.
    fn values() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            any::<u64>().prop_map(serde_json::Value::from),
            any::<String>().prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn writing_undoes_reading_as_another_program_writes(value in values()) {
            let text = value.to_string();
            prop_assert_eq!(from_str(&text).unwrap().to_string(), text);
            let spaced = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(from_str(&spaced).unwrap().to_string(), value.to_string());
        }

        #[test]
        fn what_is_refused_is_what_another_program_refuses(
            value in values(), at in any::<prop::sample::Index>(), with in "[ -~\n\u{1}\u{e9}]{0,3}"
        ) {
            let mut text = value.to_string();
            let mut at = at.index(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            let until = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
            text.replace_range(at..until, &with);
            let theirs: Result<serde_json::Value, _> = serde_json::from_str(&text);
            // Numbers beyond what a binary fraction holds are refused there alone.
            prop_assume!(!theirs.as_ref().is_err_and(|e| e.to_string().contains("out of range")));
            prop_assert_eq!(from_str(&text).is_ok(), theirs.is_ok(), "{}", text);
        }
    }

    #[test]
    fn objects_are_made_of_what_is_at_hand() {
        let (at, none) = (&7u64, None::<f64>);
        let made = json!({
            "at": at,
            "none": none,
            "level": -0.25,
            "lines": ["a\"b\\", "c\n\u{7}"],
            "inner": json!({ "is": true }),
        });
        assert_eq!(
            made.to_string(),
            r#"{"at":7,"none":null,"level":-0.25,"lines":["a\"b\\","c\n\u0007"],"inner":{"is":true}}"#
        );
        assert_eq!(made["inner"]["is"].as_bool(), Some(true));
        assert_eq!(made["inner"]["more"]["yet"], Value::Null);
    }

    #[test]
    fn the_last_member_of_a_name_counts() {
        let mut map = match from_str(r#"{"a":1,"b":2,"a":3}"#) {
            Ok(Value::Object(map)) => map,
            other => panic!("{other:?}"),
        };
        assert_eq!(map.get("a").and_then(Value::as_u64), Some(3));
        assert_eq!(map.remove("a").and_then(|a| a.as_i64()), Some(3));
        assert_eq!(map.keys().collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn numbers_are_as_near_as_they_are_said_to_be() {
        for text in [
            "0",
            "-0.0",
            "1.5",
            "-12.25e2",
            "0.1",
            "123456789.123456789",
            "1e-300",
            "1E22",
            "3.5e-7",
        ] {
            let number = from_str(text).unwrap().as_f64().unwrap();
            let exact: f64 = text.parse().unwrap();
            assert!(
                (number - exact).abs() <= 1e-15 * exact.abs(),
                "{text}: {number}"
            );
        }
        let long = "9".repeat(400);
        for (text, number) in [
            (long.as_str(), f64::INFINITY),
            ("-1e999999999999", f64::NEG_INFINITY),
            ("1e-999999999999", 0.0),
            ("0e999999999999", 0.0),
        ] {
            assert_eq!(from_str(text).unwrap().as_f64(), Some(number), "{text}");
        }
        assert_eq!(json!({ "a": 1u8 }).as_f64(), None);
    }

    #[test]
    fn zero_has_many_forms() {
        for (text, is_zero) in [
            ("0", true),
            ("-0.00e7", true),
            ("0.01", false),
            ("0e1", true),
        ] {
            match from_str(text) {
                Ok(Value::Number(number)) => assert_eq!(number.is_zero(), is_zero, "{text}"),
                other => panic!("{other:?}"),
            }
        }
    }
}
