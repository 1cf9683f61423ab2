//! Where a file stands within what is sent: a path that cannot leave its folder.

use std::fmt;

/// The most bytes of one name, as Linux and macOS have it.
pub const MAX_COMPONENT: usize = 255;

/// The most names in a path.
pub const MAX_DEPTH: usize = 64;

/// The most bytes of a path: below the 4,096 of Linux with the receiver's folder before it.
pub const MAX_PATH: usize = 3_000;

/// The folder, within the one that receives, where files wait until they are complete. Nothing
/// that is sent may stand there.
pub const PARTIAL_FOLDER: &str = ".airshake-partial";

/// A path below the folder that receives: names, at least one, none of which is empty, `.` or
/// `..`, or holds a `/` or a NUL. It therefore leads nowhere but downwards, on any system that
/// keeps to [`storable`](Self::storable).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreePath(Box<str>);

/// Why something is no path within a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// An empty name: also what begins or ends with a `/`.
    #[error("path with an empty name in it")]
    Empty,
    /// `.` or `..`.
    #[error("path with `.` or `..` in it")]
    Dots,
    /// A NUL or a `/` within a name.
    #[error("name with a character that no system allows")]
    Character,
    /// A name that is too long.
    #[error("name of {got} bytes: at most {MAX_COMPONENT}")]
    LongName {
        /// Bytes of the name.
        got: usize,
    },
    /// A path that is too long.
    #[error("path of {got} bytes: at most {MAX_PATH}")]
    LongPath {
        /// Bytes of the path.
        got: usize,
    },
    /// Too many folders in each other.
    #[error("path of {got} names: at most {MAX_DEPTH}")]
    Deep {
        /// Names in the path.
        got: usize,
    },
    /// It stands where incomplete files are kept.
    #[error("path in {PARTIAL_FOLDER}, where incomplete files are kept")]
    Partial,
    /// It is not Unicode.
    #[error("path that is not UTF-8")]
    Encoding,
}

/// Whose rules for names count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Any name will do.
    Unix,
    /// Some names mean devices, some characters mean something else, and dots at the end vanish.
    Windows,
}

impl Platform {
    /// The one that this was built for.
    pub const HERE: Self = if cfg!(windows) {
        Self::Windows
    } else {
        Self::Unix
    };
}

impl TreePath {
    /// Joins names.
    ///
    /// # Errors
    /// [`PathError`].
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, PathError> {
        let mut path = String::new();
        let mut depth = 0;
        for name in names {
            check(name)?;
            if depth > 0 {
                path.push('/');
            } else if name.eq_ignore_ascii_case(PARTIAL_FOLDER) {
                return Err(PathError::Partial);
            }
            path.push_str(name);
            depth += 1;
            if path.len() > MAX_PATH {
                return Err(PathError::LongPath { got: path.len() });
            }
        }
        match depth {
            0 => Err(PathError::Empty),
            1..=MAX_DEPTH => Ok(Self(path.into())),
            got => Err(PathError::Deep { got }),
        }
    }

    /// Reads names with `/` between them, as [`Display`](fmt::Display) writes them. They may come
    /// from anybody.
    ///
    /// # Errors
    /// [`PathError`].
    pub fn parse(path: &str) -> Result<Self, PathError> {
        if path.len() > MAX_PATH {
            return Err(PathError::LongPath { got: path.len() });
        }
        Self::from_names(path.split('/'))
    }

    /// The path with `/` between the names.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names, from the outermost folder on.
    pub fn names(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// The paths of the folders it stands in, the outermost first.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(at, _)| &self.0[..at])
    }

    /// The names as they can be stored on that system: what it would take for something else gets
    /// an underscore in its place. Two names may become one; whoever stores must look.
    pub fn storable(&self, platform: Platform) -> impl Iterator<Item = String> {
        self.names().map(move |name| match platform {
            Platform::Unix => name.to_owned(),
            Platform::Windows => windows_name(name),
        })
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

fn check(name: &str) -> Result<(), PathError> {
    match name {
        "" => Err(PathError::Empty),
        "." | ".." => Err(PathError::Dots),
        _ if name.len() > MAX_COMPONENT => Err(PathError::LongName { got: name.len() }),
        _ if name.contains(['/', '\0']) => Err(PathError::Character),
        _ => Ok(()),
    }
}

/// After "Naming Files, Paths, and Namespaces" of the Windows documentation: characters and device
/// names that are reserved, with or without an extension, and endings that are dropped.
fn windows_name(name: &str) -> String {
    let reserved = |c: char| c < ' ' || "<>:\"/\\|?*".contains(c);
    let mut safe: String = name
        .chars()
        .map(|c| if reserved(c) { '_' } else { c })
        .collect();
    if safe.ends_with(['.', ' ']) {
        safe.pop();
        safe.push('_');
    }
    let stem = safe.split('.').next().unwrap_or_default();
    let stem = stem.trim_end_matches(' ').to_ascii_uppercase();
    let numbered = |device: &str| {
        stem.strip_prefix(device).is_some_and(|number| {
            matches!(number, "¹" | "²" | "³")
                || (number.len() == 1 && number.bytes().all(|b| b.is_ascii_digit()))
        })
    };
    let device = matches!(
        stem.as_str(),
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$"
    );
    if device || numbered("COM") || numbered("LPT") {
        safe.insert(0, '_');
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_path_leads_anywhere_but_downwards() {
        for (path, error) in [
            ("", PathError::Empty),
            ("/etc/passwd", PathError::Empty),
            ("a//b", PathError::Empty),
            ("a/", PathError::Empty),
            ("..", PathError::Dots),
            ("a/../../b", PathError::Dots),
            ("./a", PathError::Dots),
            ("a\0b", PathError::Character),
            (".airshake-partial/x", PathError::Partial),
            (".Airshake-PARTIAL", PathError::Partial),
        ] {
            assert_eq!(TreePath::parse(path), Err(error), "{path:?}");
        }
        assert_eq!(
            TreePath::from_names(["a", "b/c"]),
            Err(PathError::Character)
        );
        assert_eq!(TreePath::from_names([]), Err(PathError::Empty));
    }

    #[test]
    fn no_path_is_endless() {
        let name = "x".repeat(MAX_COMPONENT + 1);
        let got = MAX_COMPONENT + 1;
        assert_eq!(TreePath::parse(&name), Err(PathError::LongName { got }));
        let deep = vec!["d"; MAX_DEPTH + 1];
        let got = MAX_DEPTH + 1;
        assert_eq!(TreePath::from_names(deep), Err(PathError::Deep { got }));
        let long = vec!["x".repeat(200); 16].join("/");
        assert!(matches!(
            TreePath::parse(&long),
            Err(PathError::LongPath { .. })
        ));
    }

    #[test]
    fn names_of_every_script_stay_as_they_are_where_they_can() {
        let path = TreePath::parse("Bücher/世界/aux.c/what?").unwrap();
        let stored: Vec<String> = path.storable(Platform::Unix).collect();
        assert_eq!(stored, ["Bücher", "世界", "aux.c", "what?"]);
        assert_eq!(
            path.folders().collect::<Vec<_>>(),
            ["Bücher", "Bücher/世界", "Bücher/世界/aux.c"]
        );
    }

    #[test]
    fn what_windows_takes_for_something_else_gets_an_underscore() {
        for (name, stored) in [
            ("con", "_con"),
            ("NUL.txt", "_NUL.txt"),
            ("Aux .c", "_Aux .c"),
            ("com1", "_com1"),
            ("LPT³.log", "_LPT³.log"),
            ("com10", "com10"),
            ("console", "console"),
            ("C:\\Windows", "C__Windows"),
            ("..\\..\\up", ".._.._up"),
            ("stream:hidden", "stream_hidden"),
            ("dot.", "dot_"),
            ("...", ".._"),
            ("space ", "space_"),
            ("line\nbreak", "line_break"),
        ] {
            assert_eq!(windows_name(name), stored);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_taken_for_a_path_is_written_as_it_was_read(path in any::<String>()) {
            if let Ok(read) = TreePath::parse(&path) {
                prop_assert_eq!(read.as_str(), &path);
                prop_assert_eq!(TreePath::from_names(read.names()).unwrap(), read);
            }
        }

        #[test]
        fn a_name_for_windows_is_a_name_there(name in "[a-zA-Z0-9.: \\\\|*?\u{0}-\u{1f}]{1,12}") {
            if check(&name).is_ok() {
                let stored = windows_name(&name);
                prop_assert!(check(&stored).is_ok(), "{:?}", stored);
                prop_assert!(!stored.ends_with(['.', ' ']));
                prop_assert_eq!(windows_name(&stored), stored);
            }
        }
    }
}
