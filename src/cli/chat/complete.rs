//! What a half typed command could become: names of commands and of files.

use std::path::Path;

use super::command::{NAMES, SEPARATOR, Word, quoted, words};

/// How far a line can be completed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Completed {
    /// What to put instead.
    pub(super) line: String,
    /// What it could go on with, if that is not clear.
    pub(super) choices: Vec<String>,
}

/// Completes a line; `None` if there is nothing to complete.
pub(super) fn complete(line: &str, home: Option<&str>) -> Option<Completed> {
    if !line.contains(char::is_whitespace) && line.starts_with('/') {
        let names: Vec<String> = NAMES
            .iter()
            .filter(|name| name.starts_with(line))
            .map(|name| (*name).to_owned())
            .collect();
        let common = common(&names)?;
        let end = if names.len() == 1 { " " } else { "" };
        return Some(Completed {
            line: format!("{common}{end}"),
            choices: several(names),
        });
    }
    let arguments = line.strip_prefix("/send")?;
    arguments.chars().next().filter(|c| c.is_whitespace())?;
    // What is still in an open quote is completed without it.
    let read = words(arguments)
        .or_else(|_| words(&format!("{arguments}'")))
        .or_else(|_| words(&format!("{arguments}\"")))
        .ok()?;
    let open = line.ends_with(char::is_whitespace) && !line.ends_with("\\ ");
    let (last, done) = match read.split_last() {
        Some((last, done)) if !open => (Some(last), done),
        _ => (None, &read[..]),
    };
    let typed = last.map_or("", |word| word.text.as_str());
    let (folder, begun) = match typed.rfind(['/', SEPARATOR]) {
        Some(at) => typed.split_at(at + 1),
        None => ("", typed),
    };
    let place = match last {
        _ if folder.is_empty() => Path::new(".").to_owned(),
        Some(word) => of_folder(word, folder, home),
        None => Path::new(".").to_owned(),
    };
    let names = names_in(&place, begun);
    let common = common(&names)?;
    let is_whole = names.len() == 1 && !common.ends_with(SEPARATOR);
    let mut line = "/send".to_owned();
    for word in done {
        line += &format!(" {}", retyped(word, &word.text));
    }
    let text = format!("{folder}{common}");
    line += " ";
    line += &last.map_or_else(|| quoted(&text), |word| retyped(word, &text));
    if is_whole {
        line += " ";
    }
    Some(Completed {
        line,
        choices: several(names),
    })
}

/// A tilde that means home goes on doing so.
fn retyped(word: &Word, text: &str) -> String {
    let is_home = word.path(Some("/")) != Path::new(&word.text);
    match text.strip_prefix('~').filter(|_| is_home) {
        Some(rest) => format!("~{}", quoted(rest)),
        None => quoted(text),
    }
}

fn of_folder(word: &Word, folder: &str, home: Option<&str>) -> std::path::PathBuf {
    let whole = word.path(home);
    match word.text.len() == folder.len() {
        true => whole,
        false => whole.parent().map(Path::to_owned).unwrap_or(whole),
    }
}

/// Names in a folder that begin so, folders with a separator at the end; hidden ones only if a
/// dot was typed.
fn names_in(folder: &Path, begun: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .take(MOST_READ)
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let shown = name.starts_with(begun)
                && (begun.starts_with('.') || !name.starts_with('.'))
                && !name.contains(char::is_control);
            let folder = shown && folder.join(&name).is_dir();
            let end = if folder {
                String::from(SEPARATOR)
            } else {
                String::new()
            };
            shown.then(|| name + &end)
        })
        .collect();
    names.sort();
    names
}

/// What all begin with; `None` if there are none.
fn common(names: &[String]) -> Option<String> {
    let (first, others) = names.split_first()?;
    let mut common = first.as_str();
    for name in others {
        let same = common
            .char_indices()
            .zip(name.chars())
            .find(|((_, a), b)| a != b)
            .map_or(common.len().min(name.len()), |((at, _), _)| at);
        common = &common[..same];
    }
    Some(common.to_owned())
}

fn several(names: Vec<String>) -> Vec<String> {
    if names.len() > 1 { names } else { Vec::new() }
}

/// Entries of a folder that are looked at.
const MOST_READ: usize = 10_000;

#[cfg(test)]
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "the test has real files")]
mod tests {
    use super::*;

    fn line(line: &str, home: &str) -> Option<String> {
        complete(line, Some(home)).map(|completed| completed.line)
    }

    #[test]
    fn commands_are_completed_by_their_beginning() {
        assert_eq!(line("/s", ""), Some("/send ".to_owned()));
        assert_eq!(complete("/", None).expect("all").choices, NAMES);
        assert_eq!(line("/x", ""), None);
        assert_eq!(line("hello", ""), None);
        assert_eq!(line("/help x", ""), None);
    }

    #[test]
    fn names_of_files_are_completed_and_quoted() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["my report.pdf", "my résumé.pdf", "other", ".hidden"] {
            std::fs::write(folder.path().join(name), "").expect("writes");
        }
        std::fs::create_dir(folder.path().join("photos")).expect("makes");
        let at = folder.path().to_str().expect("UTF-8");
        let completed = |typed: &str| line(&format!("/send {typed}"), at).expect("completes");
        assert_eq!(completed(&format!("{at}/o")), format!("/send {at}/other "));
        assert_eq!(
            completed(&format!("{at}/ph")),
            format!("/send {at}/photos/")
        );
        assert_eq!(completed("x ~/ot"), "/send x ~/other ");
        assert_eq!(completed("~/.h"), "/send ~/.hidden ");
        // Also out of an open quote.
        for typed in ["~/m", "~/my\\ r"] {
            let both = complete(&format!("/send {typed}"), Some(at)).expect("completes");
            assert_eq!(both.line, "/send ~/my\\ r", "{typed}");
            assert_eq!(both.choices, ["my report.pdf", "my résumé.pdf"]);
        }
        assert_eq!(
            completed(&format!("'{at}/ot")),
            format!("/send {at}/other ")
        );
        assert_eq!(completed("~/my\\ re"), "/send ~/my\\ report.pdf ");
        assert_eq!(complete("/send /no/such/place", None), None);
    }
}
