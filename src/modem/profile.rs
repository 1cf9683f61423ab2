//! Profiles: the modes of the modem as rows of data.

/// A published mode of the modem.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The name people type.
    pub name: &'static str,
}

impl Profile {
    /// Laptop to laptop across a room, 600 to 9000 Hz.
    pub const AUDIBLE: Self = Self { name: "audible" };

    /// Every profile.
    pub const ALL: &'static [&'static Self] = &[&Self::AUDIBLE];

    /// The profile of that name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().copied().find(|p| p.name == name)
    }
}
