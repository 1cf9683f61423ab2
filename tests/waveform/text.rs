//! What `docs/waveform.md` says in tables and marked blocks, read out of it.

use std::collections::BTreeMap;

const TEXT: &str = include_str!("../../docs/waveform.md");
const SHIFTS: &str = include_str!("../../docs/waveform-shifts.txt");

/// A column of the table of profiles.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) name: &'static str,
    /// Hertz.
    pub(crate) chirp: [f64; 2],
    pub(crate) body: usize,
    pub(crate) guard: usize,
    pub(crate) normal: Format,
    pub(crate) deep: Format,
    pub(crate) deep_passes: Vec<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct Format {
    pub(crate) first_bin: usize,
    pub(crate) groups: usize,
    /// Tones of a group.
    pub(crate) tones: usize,
    pub(crate) expansion: (usize, usize),
}

/// The profiles of section 1.
pub(crate) fn profiles() -> Vec<Profile> {
    let row = |head: &str| -> Vec<&str> {
        let start = format!("| {head} |");
        let line = TEXT.lines().find(|line| line.starts_with(&start)).unwrap();
        line.split('|').map(str::trim).skip(2).take(3).collect()
    };
    let numbers = |head: &str, column: usize| -> Vec<usize> {
        let cell = row(head)[column].replace('/', ",");
        cell.split(',')
            .map(|number| number.trim().parse().unwrap())
            .collect()
    };
    let format = |name: &str, column: usize| {
        let tones = numbers(&format!("{name}: first bin, groups, M"), column);
        let expansion = numbers(&format!("{name} expansion"), column);
        Format {
            first_bin: tones[0],
            groups: tones[1],
            tones: tones[2],
            expansion: (expansion[0], expansion[1]),
        }
    };
    let names = ["audible", "phone", "ultrasonic"];
    let profile = |(column, name)| {
        let chirp = numbers("chirp: from, to (Hz)", column);
        let lengths = numbers("body, guard", column);
        Profile {
            name,
            chirp: [chirp[0] as f64, chirp[1] as f64],
            body: lengths[0],
            guard: lengths[1],
            normal: format("normal", column),
            deep: format("deep", column),
            deep_passes: numbers("deep passes", column),
        }
    };
    names.into_iter().enumerate().map(profile).collect()
}

/// The shifts of the code whose columns have that size.
pub(crate) fn shifts(size: usize) -> impl Iterator<Item = usize> {
    let start = format!("{size}: ");
    let line = SHIFTS.lines().find_map(|line| line.strip_prefix(&start));
    line.unwrap().split(' ').map(|shift| shift.parse().unwrap())
}

/// The lines of a marked block of the text.
pub(crate) fn block(mark: &str) -> impl Iterator<Item = &'static str> {
    let (_, rest) = TEXT.split_once(&format!("```{mark}\n")).unwrap();
    rest.lines().take_while(|line| *line != "```")
}

/// The values of a marked block, each a name and what follows over all of its lines.
pub(crate) fn values(mark: &str) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let mut name = "";
    for line in block(mark) {
        let digits = match line.split_once(':') {
            Some((fresh, digits)) => {
                name = fresh;
                digits
            }
            None => line,
        };
        let value: &mut String = values.entry(name.to_owned()).or_default();
        value.push_str(digits.trim());
    }
    values
}

/// The table of digests: the numbers of each row by its head.
pub(crate) fn digests() -> BTreeMap<String, Vec<u32>> {
    let rows = TEXT.lines().filter_map(|line| {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let head = cells.next()?;
        (head.starts_with("squares, ") || head.starts_with("hello, ")).then(|| {
            let cells = cells.map(|cell| u32::from_str_radix(cell.trim_matches('`'), 16).unwrap());
            (head.replace('`', ""), cells.collect())
        })
    });
    rows.collect()
}
