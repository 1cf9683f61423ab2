//! What is typed in a chat: something to say, or something to do.

use std::path::PathBuf;

/// A typed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// To be sent as it is.
    Say(String),
    /// Files and folders to be sent.
    Send(Vec<PathBuf>),
    /// No more of the files that move.
    Cancel,
    Help,
    Quit,
    /// It is none of these; what is wrong with it.
    Unknown(String),
}

/// The names of the commands.
pub(super) const NAMES: [&str; 4] = ["/cancel", "/help", "/quit", "/send"];

pub(super) const HELP: &str = "\
/send FILE...   send files and folders, named as in a shell; Tab completes
/cancel         no more of the files that move
/quit           say goodbye; so does Ctrl-D
//              a line that begins with a slash
Arrows recall what was typed; several pasted lines are sent as lines.";

impl Command {
    /// Reads a line that somebody typed at a terminal.
    pub(super) fn read(line: &str, home: Option<&str>) -> Self {
        let Some(rest) = line.strip_prefix('/') else {
            return Self::Say(line.to_owned());
        };
        if rest.starts_with('/') {
            return Self::Say(rest.to_owned());
        }
        let (name, arguments) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        match name {
            "send" => match words(arguments) {
                Err(wrong) => Self::Unknown(wrong.to_owned()),
                Ok(words) if words.is_empty() => {
                    Self::Unknown("which files? /send FILE...".to_owned())
                }
                Ok(words) => Self::Send(words.iter().map(|word| word.path(home)).collect()),
            },
            "cancel" => Self::Cancel,
            "help" | "?" => Self::Help,
            "quit" | "exit" | "bye" => Self::Quit,
            _ => Self::Unknown(format!(
                "/{name} is no command; /help names them, and //{name} says it"
            )),
        }
    }
}

/// A word of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    /// Whether its first character was quoted, so that `~` means itself.
    quoted: bool,
}

impl Word {
    /// What it names; `~` is where the user is at home.
    pub(super) fn path(&self, home: Option<&str>) -> PathBuf {
        let rest = self.text.strip_prefix('~').filter(|_| !self.quoted);
        match (rest, home) {
            (Some(""), Some(home)) => PathBuf::from(home),
            (Some(rest), Some(home)) if rest.starts_with(['/', SEPARATOR]) => {
                PathBuf::from(home).join(&rest[1..])
            }
            _ => PathBuf::from(&self.text),
        }
    }
}

/// The words of a line, as a shell reads them: spaces part them, quotes and backslashes keep them
/// together (on Windows a backslash is a part of a name).
pub(super) fn words(line: &str) -> Result<Vec<Word>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        let begins = word.is_none();
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert(Word {
                    text: String::new(),
                    quoted: begins,
                });
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None | Some('"'), '\\') if SEPARATOR != '\\' => {
                let c = chars.next().ok_or("a backslash at the end of the line")?;
                push(&mut word, c, begins);
            }
            (quote, c) => push(&mut word, c, begins && quote.is_some()),
        }
    }
    if quote.is_some() {
        return Err("a quote is open at the end of the line");
    }
    words.extend(word);
    Ok(words)
}

fn push(word: &mut Option<Word>, c: char, quoted: bool) {
    let word = word.get_or_insert(Word {
        text: String::new(),
        quoted,
    });
    word.text.push(c);
}

/// A name as it can be typed: [`words`] undoes it.
pub(super) fn quoted(name: &str) -> String {
    if SEPARATOR == '\\' {
        return match name.contains(|c: char| c.is_whitespace() || c == '\'') {
            true => format!("\"{name}\""),
            false => name.to_owned(),
        };
    }
    let mut typed = String::new();
    for c in name.chars() {
        if c.is_whitespace() || "\\'\"".contains(c) || (c == '~' && typed.is_empty()) {
            typed.push('\\');
        }
        typed.push(c);
    }
    typed
}

pub(super) const SEPARATOR: char = std::path::MAIN_SEPARATOR;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &str) -> Command {
        Command::read(line, Some("/home/eve"))
    }

    fn send(paths: &[&str]) -> Command {
        Command::Send(paths.iter().map(PathBuf::from).collect())
    }

    #[test]
    fn a_slash_commands_and_two_say_one() {
        assert_eq!(read("hello"), Command::Say("hello".to_owned()));
        assert_eq!(read(" /send x"), Command::Say(" /send x".to_owned()));
        assert_eq!(read("//help"), Command::Say("/help".to_owned()));
        assert_eq!(read("/help"), Command::Help);
        assert_eq!(read("/quit"), Command::Quit);
        assert_eq!(read("/cancel now"), Command::Cancel);
        let Command::Unknown(wrong) = read("/snd x") else {
            panic!();
        };
        assert!(wrong.contains("/snd") && wrong.contains("/help"));
        assert!(matches!(read("/"), Command::Unknown(_)));
    }

    #[test]
    fn files_are_named_as_in_a_shell() {
        assert_eq!(read("/send a b"), send(&["a", "b"]));
        assert_eq!(read("/send 'a b' \"c'd\""), send(&["a b", "c'd"]));
        assert_eq!(read(r#"/send a\ b x"y z"w"#), send(&["a b", "xy zw"]));
        assert_eq!(read("/send ~/x ~"), send(&["/home/eve/x", "/home/eve"]));
        assert_eq!(read(r"/send '~/x' \~ ~bob"), send(&["~/x", "~", "~bob"]));
        assert!(matches!(read("/send"), Command::Unknown(_)));
        assert!(matches!(read("/send 'a"), Command::Unknown(_)));
    }

    proptest! {
        #[test]
        fn words_undoes_quoted(name in "[a~'\"\\\\ \t世]{1,12}") {
            let words = words(&format!(" {} ", quoted(&name))).expect("closed");
            prop_assert_eq!(words.len(), 1);
            prop_assert_eq!(&words[0].text, &name);
            prop_assert_eq!(words[0].path(Some("/home")), PathBuf::from(&name));
        }
    }
}
