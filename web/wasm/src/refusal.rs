//! Why a call was refused: a name for programs and words for people.

use airshake::json;

/// A refusal.
#[derive(Debug)]
pub(crate) struct Refusal {
    name: &'static str,
    words: String,
}

impl Refusal {
    /// The host does not keep to the interface.
    pub(crate) fn usage(words: String) -> Self {
        Self {
            name: "usage",
            words,
        }
    }

    /// The sample rate or the payload is beyond what the modem does.
    pub(crate) fn limit(words: String) -> Self {
        Self {
            name: "limit",
            words,
        }
    }

    /// What came is no signal, or none that this version reads.
    pub(crate) fn signal(words: String) -> Self {
        Self {
            name: "signal",
            words,
        }
    }

    /// Files that cannot be sent as they are.
    pub(crate) fn files(words: String) -> Self {
        Self {
            name: "files",
            words,
        }
    }

    pub(crate) fn to_json(&self) -> String {
        json!({ "error": self.name, "words": &self.words }).to_string()
    }
}
