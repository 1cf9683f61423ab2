//! Heard, but not reached: what is known of it, and in which words it is told.

use std::fmt;

/// What is known where sound came through, and the network brought nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Apart {
    /// Our sound was answered: each hears the other.
    pub answered: bool,
    /// What the other side sent over the network reached us; what we sent did not reach it.
    pub knocked: bool,
}

impl Apart {
    /// What to try.
    pub fn advice(&self) -> &'static str {
        if self.knocked {
            "One of the two computers or the network lets UDP through in one direction only: look at \
             the firewall of both (ufw, firewalld, Windows Defender Firewall), or try a phone \
             hotspot."
        } else if self.answered {
            "Guest and public networks often keep their devices apart: try a phone hotspot, another \
             network, a cable, or a relay (a TURN server, with --turn). On a network of your own, let UDP through the firewall of both \
             computers (ufw, firewalld, Windows Defender Firewall)."
        } else {
            "Raise the volume of this computer and move closer; if that does not help, try a phone \
             hotspot."
        }
    }
}

impl fmt::Display for Apart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.knocked, self.answered) {
            (true, true) => {
                "the two hear each other, and what the other side sends arrives here, but nothing \
                 from here arrives there: this network does not let them talk"
            }
            (true, false) => {
                "what the other side sends over the network arrives here, but nothing from here \
                 arrives there"
            }
            (false, true) => "the two hear each other, but this network does not let them talk",
            (false, false) => {
                "the other side is heard, but nothing comes back from it: either it does not hear \
                 this computer, or this network does not let them talk"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apart(answered: bool, knocked: bool) -> Apart {
        Apart { answered, knocked }
    }

    #[test]
    fn who_hears_without_being_heard_is_not_told_that_it_is_the_network() {
        let words = apart(false, false).to_string();
        assert!(words.contains("either it does not hear"), "{words}");
        let words = apart(true, false).to_string();
        assert!(words.contains("hear each other"), "{words}");
    }

    #[test]
    fn firewalls_are_named_first_where_one_direction_works() {
        for answered in [true, false] {
            let advice = apart(answered, true).advice();
            assert!(advice.contains("ufw") && advice.contains("Windows"));
            assert!(advice.find("ufw") < advice.find("hotspot"));
        }
        let advice = apart(true, false).advice();
        assert!(advice.find("hotspot") < advice.find("ufw"));
    }
}
