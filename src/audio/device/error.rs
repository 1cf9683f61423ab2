//! What can be wrong with a device, and what to do about it.

use super::Direction;

/// Why there is no sound, in words for whoever sits in front of the machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// There is no device to open.
    #[error("no {direction} found ({detail}): plug one in{}", SERVER_HINT)]
    None {
        /// Which kind was wanted.
        direction: Direction,
        /// What the system said.
        detail: String,
    },
    /// No device has such a name.
    #[error("no {direction} is called {wanted:?}; there are: {}", list(.candidates))]
    Unknown {
        /// Which kind was wanted.
        direction: Direction,
        /// The name that was given.
        wanted: String,
        /// The names there are.
        candidates: Vec<String>,
    },
    /// Several devices have such a name.
    #[error("{wanted:?} fits more than one {direction}: {}", list(.candidates))]
    Ambiguous {
        /// Which kind was wanted.
        direction: Direction,
        /// The name that was given.
        wanted: String,
        /// The names it fits.
        candidates: Vec<String>,
    },
    /// The device works only in ways that are of no use here.
    #[error("{name} offers no sample rate of {min} Hz or more: choose another device")]
    Unsuitable {
        /// Its name.
        name: String,
        /// The lowest rate that is of use.
        min: u32,
    },
    /// The system does not let us.
    #[error("no permission to use {name}: allow it in the system's privacy settings")]
    Permission {
        /// Its name.
        name: String,
    },
    /// Another program has it for itself.
    #[error("{name} is in use by another program: close that, or choose another device")]
    Busy {
        /// Its name.
        name: String,
    },
    /// The sound system did not answer in time.
    #[error(
        "the sound system did not answer for {seconds} s while opening the {direction}: restart it, or choose another device"
    )]
    Hung {
        /// Which kind was to be opened.
        direction: Direction,
        /// How long we waited.
        seconds: u64,
    },
    /// The device stopped working and could not be opened again so far.
    #[error(
        "the {direction} {name} has stopped ({why}): plug it in again, or restart the sound system; it is tried again until then"
    )]
    Lost {
        /// Which kind it is.
        direction: Direction,
        /// Its name.
        name: String,
        /// What was noticed.
        why: String,
    },
    /// Anything else, in the words of the sound system.
    #[error("{name} cannot be used: {message}")]
    Backend {
        /// Its name.
        name: String,
        /// What the sound system said.
        message: String,
    },
}

#[cfg(target_os = "linux")]
const SERVER_HINT: &str = ", or start the sound server (PipeWire or PulseAudio)";
#[cfg(not(target_os = "linux"))]
const SERVER_HINT: &str = "";

fn list(candidates: &[String]) -> String {
    if candidates.is_empty() {
        "none".to_owned()
    } else {
        candidates.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_name_is_answered_with_the_right_ones() {
        let error = DeviceError::Unknown {
            direction: Direction::Output,
            wanted: "hedphones".to_owned(),
            candidates: vec!["speaker".to_owned(), "headphones".to_owned()],
        };
        assert_eq!(
            error.to_string(),
            "no loudspeaker is called \"hedphones\"; there are: speaker, headphones"
        );
    }

    #[test]
    fn no_name_at_all_is_said_in_words() {
        let error = DeviceError::Unknown {
            direction: Direction::Input,
            wanted: "usb".to_owned(),
            candidates: Vec::new(),
        };
        assert!(error.to_string().ends_with("there are: none"), "{error}");
    }
}
