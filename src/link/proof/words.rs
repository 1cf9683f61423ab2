//! The short authentication string: four words that two people can compare aloud.

use std::fmt;

/// What both screens show: the same four words if nobody stands between the two, and otherwise the
/// same with a chance of one in 2^32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Words([u8; 4]);

impl Words {
    /// One word for each byte.
    pub(super) fn of(bytes: [u8; 4]) -> Self {
        Self(bytes)
    }

    /// The words in their order.
    pub fn each(&self) -> [&'static str; 4] {
        self.0.map(|byte| LIST[usize::from(byte)])
    }
}

/// The words with a space between each two.
impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.each().join(" "))
    }
}

/// Things most people can see before them, chosen for this purpose: no two begin with the same
/// three letters, and no two are fewer than three letters apart, so that neither a bad line nor a
/// hasty reader takes one for another. The order is part of the protocol.
#[rustfmt::skip]
const LIST: [&str; 256] = [
    "acorn", "album", "amber", "anchor", "apple", "apron", "arcade", "atlas", "attic", "autumn",
    "avocado", "badge", "baker", "bamboo", "banjo", "barn", "basil", "beetle", "bishop", "blanket",
    "blossom", "bonfire", "bottom", "boulder", "bramble", "bucket", "buffalo", "bugle", "cabin",
    "cactus", "camel", "canoe", "carpet", "cedar", "cello", "chalk", "cheese", "chimney", "circus",
    "clock", "cobra", "coffee", "compass", "cookie", "copper", "cowboy", "crab", "cricket", "crown",
    "crystal", "cuckoo", "curtain", "dagger", "daisy", "dentist", "diamond", "dolphin", "drawer",
    "drum", "echo", "elbow", "emerald", "engine", "fabric", "falcon", "farmer", "feather", "fiddle",
    "flute", "forest", "fossil", "frog", "funnel", "galaxy", "garden", "ghost", "giant", "giraffe",
    "glacier", "globe", "goggles", "gorilla", "grape", "guava", "guitar", "hamster", "harvest",
    "helmet", "hero", "hexagon", "hippo", "honey", "hunter", "hyena", "iceberg", "icicle", "igloo",
    "inkwell", "insect", "island", "ivory", "jaguar", "jasmine", "jigsaw", "jockey", "jukebox",
    "juniper", "kayak", "ketchup", "kingdom", "kitten", "kiwi", "koala", "ladder", "lamp",
    "lantern", "laptop", "lasso", "leopard", "lettuce", "library", "lilac", "lion", "lizard",
    "lobster", "lotus", "magnet", "mammoth", "meadow", "melon", "mermaid", "mirror", "monsoon",
    "motor", "muffin", "music", "napkin", "nebula", "nectar", "nickel", "nomad", "noodle", "nugget",
    "nutmeg", "oatmeal", "oboe", "octopus", "olive", "orange", "orbit", "orchid", "ostrich",
    "otter", "oven", "palace", "panda", "papaya", "parrot", "peanut", "pebble", "pelican", "pencil",
    "picnic", "pilot", "pirate", "pixel", "pizza", "pollen", "popcorn", "potato", "pumpkin",
    "puppet", "purple", "pyramid", "python", "queen", "rabbit", "radio", "ravioli", "razor",
    "reptile", "rhino", "rhubarb", "ribbon", "river", "ruby", "salad", "saturn", "scarf", "school",
    "scooter", "seagull", "shovel", "shrimp", "siren", "skate", "sketch", "skyline", "sleeve",
    "smoke", "snow", "sofa", "spider", "sponge", "spruce", "squid", "stadium", "sugar", "summer",
    "sunset", "sushi", "swan", "syrup", "table", "tadpole", "taxi", "teacup", "temple", "tennis",
    "thimble", "thumb", "toast", "topaz", "tower", "tractor", "tripod", "trolley", "trumpet",
    "tulip", "tundra", "tuxedo", "twig", "ukulele", "unicorn", "vacuum", "valley", "vanilla",
    "vase", "village", "vinegar", "volcano", "voyage", "vulture", "waffle", "wagon", "walnut",
    "weasel", "wedding", "wheat", "whisker", "wigwam", "willow", "wombat", "yacht", "zenith",
    "zigzag",
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_word_is_taken_for_another() {
        let starts: BTreeSet<&str> = LIST.iter().map(|word| &word[..3]).collect();
        assert_eq!(starts.len(), LIST.len());
        for (i, a) in LIST.iter().enumerate() {
            assert!((4..=7).contains(&a.len()), "{a}");
            assert!(a.bytes().all(|b| b.is_ascii_lowercase()), "{a}");
            for b in &LIST[..i] {
                assert!(letters_apart(a, b) >= 3, "{a} and {b}");
                assert!(a > b, "{a} and {b} are out of order");
            }
        }
    }

    #[test]
    fn every_byte_has_its_own_word() {
        let words = Words::of([0, 1, 254, 255]);
        assert_eq!(words.to_string(), "acorn album zenith zigzag");
        assert_eq!(words.each(), [LIST[0], LIST[1], LIST[254], LIST[255]]);
    }

    /// Letters to insert, take out or replace (Levenshtein).
    fn letters_apart(a: &str, b: &str) -> usize {
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, x) in a.bytes().enumerate() {
            let mut diagonal = i;
            row[0] = i + 1;
            for (j, y) in b.bytes().enumerate() {
                let above = row[j + 1];
                row[j + 1] = (diagonal + usize::from(x != y)).min(1 + above.min(row[j]));
                diagonal = above;
            }
        }
        row[b.len()]
    }
}
