//! Words in letters that can be read across a table.

/// One letter, five rows of dots.
type Letter = [&'static str; 5];

/// Columns of a word written large.
pub(super) fn width(word: &str) -> usize {
    let letters = word.chars().map(|c| letter(c)[0].len() + 1);
    letters.sum::<usize>().saturating_sub(1)
}

/// The word in capitals, three lines of half blocks, all [`width`] columns wide.
pub(super) fn large(word: &str) -> [String; 3] {
    let dot = |row: usize, column: usize, letter: Letter| {
        letter
            .get(row)
            .is_some_and(|row| row.as_bytes()[column] == b'#')
    };
    std::array::from_fn(|line| {
        let mut text = String::new();
        for (i, c) in word.chars().enumerate() {
            if i > 0 {
                text.push(' ');
            }
            let letter = letter(c);
            for column in 0..letter[0].len() {
                let (upper, lower) = (2 * line, 2 * line + 1);
                text.push(
                    match (dot(upper, column, letter), dot(lower, column, letter)) {
                        (true, true) => '█',
                        (true, false) => '▀',
                        (false, true) => '▄',
                        (false, false) => ' ',
                    },
                );
            }
        }
        text
    })
}

fn letter(c: char) -> Letter {
    let index = (c.to_ascii_lowercase() as usize).wrapping_sub('a' as usize);
    LETTERS.get(index).copied().unwrap_or([" "; 5])
}

/// The words are made of these; anything else is a space.
const LETTERS: [Letter; 26] = [
    [".#.", "#.#", "###", "#.#", "#.#"],
    ["##.", "#.#", "##.", "#.#", "##."],
    [".##", "#..", "#..", "#..", ".##"],
    ["##.", "#.#", "#.#", "#.#", "##."],
    ["###", "#..", "##.", "#..", "###"],
    ["###", "#..", "##.", "#..", "#.."],
    [".###", "#...", "#.##", "#..#", ".###"],
    ["#.#", "#.#", "###", "#.#", "#.#"],
    ["#", "#", "#", "#", "#"],
    ["..#", "..#", "..#", "#.#", ".#."],
    ["#..#", "#.#.", "##..", "#.#.", "#..#"],
    ["#..", "#..", "#..", "#..", "###"],
    ["#...#", "##.##", "#.#.#", "#...#", "#...#"],
    ["#..#", "##.#", "#.##", "#..#", "#..#"],
    [".##.", "#..#", "#..#", "#..#", ".##."],
    ["##.", "#.#", "##.", "#..", "#.."],
    [".##.", "#..#", "#..#", "#.#.", ".#.#"],
    ["##.", "#.#", "##.", "#.#", "#.#"],
    [".##", "#..", ".#.", "..#", "##."],
    ["###", ".#.", ".#.", ".#.", ".#."],
    ["#..#", "#..#", "#..#", "#..#", ".##."],
    ["#.#", "#.#", "#.#", "#.#", ".#."],
    ["#...#", "#...#", "#.#.#", "##.##", "#...#"],
    ["#.#", "#.#", ".#.", "#.#", "#.#"],
    ["#.#", "#.#", ".#.", ".#.", ".#."],
    ["####", "...#", ".##.", "#...", "####"],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_is_as_wide_in_each_row_and_no_two_are_alike() {
        for (i, letter) in LETTERS.iter().enumerate() {
            assert!(letter.iter().all(|row| row.len() == letter[0].len()));
            assert!(letter.iter().any(|row| row.contains('#')));
            assert!(!LETTERS[..i].contains(letter), "{i}");
        }
    }

    #[test]
    fn a_word_is_three_lines_of_its_width() {
        assert_eq!(large("hi"), ["█ █ █", "█▀█ █", "▀ ▀ ▀"]);
        for line in large("wigwam") {
            assert_eq!(line.chars().count(), width("wigwam"));
        }
        assert_eq!(width(""), 0);
    }
}
