//! The files of the page, as they were when the program was built.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::GzDecoder;

/// The files of the page: a folder that any static host may serve, below any path, as long as it
/// does so over https. `index.html` is among them.
pub fn files() -> &'static [PageFile] {
    FILES
}

/// One file of the page.
#[derive(Clone, Copy, Debug)]
pub struct PageFile {
    path: &'static str,
    content: Content,
}

#[derive(Clone, Copy)]
enum Content {
    Plain(&'static [u8]),
    /// As gzip makes it, which every browser undoes by itself.
    Packed(&'static [u8]),
}

/// Of a megabyte nobody wants to read the bytes.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Packed(bytes) => write!(f, "{} bytes, packed", bytes.len()),
        }
    }
}

impl PageFile {
    const fn plain(path: &'static str, bytes: &'static [u8]) -> Self {
        let content = Content::Plain(bytes);
        Self { path, content }
    }

    const fn packed(path: &'static str, bytes: &'static [u8]) -> Self {
        let content = Content::Packed(bytes);
        Self { path, content }
    }

    /// Where it lies in the folder, with slashes, such as `js/main.js`.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// What to say of it in `Content-Type`. A browser runs no script of another type.
    pub fn media_type(&self) -> &'static str {
        match self.path.rsplit_once('.').map_or("", |(_, end)| end) {
            "html" => "text/html; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "wasm" => "application/wasm",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "txt" => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        }
    }

    /// Its bytes.
    ///
    /// # Panics
    /// If the program was built with a damaged file, which its tests would have noticed.
    pub fn bytes(&self) -> Cow<'static, [u8]> {
        match self.content {
            Content::Plain(bytes) => Cow::Borrowed(bytes),
            Content::Packed(bytes) => {
                let mut unpacked = Vec::new();
                GzDecoder::new(bytes)
                    .read_to_end(&mut unpacked)
                    .expect("what was packed at build time can be unpacked");
                Cow::Owned(unpacked)
            }
        }
    }

    /// Its bytes as gzip made them, if the program carries it that way.
    pub(super) fn gzip(&self) -> Option<&'static [u8]> {
        match self.content {
            Content::Plain(_) => None,
            Content::Packed(bytes) => Some(bytes),
        }
    }
}

/// Made by the build script.
const FILES: &[PageFile] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_is_there_once_whole_and_of_a_known_type() {
        let mut paths = BTreeSet::new();
        for file in files() {
            assert!(paths.insert(file.path()), "{} twice", file.path());
            assert!(!file.bytes().is_empty(), "{} is empty", file.path());
            assert_ne!(
                file.media_type(),
                "application/octet-stream",
                "{}",
                file.path()
            );
        }
        for needed in [
            "index.html",
            "airshake/src/index.js",
            "airshake/src/worklet.js",
            "airshake/dist/airshake.wasm",
            "airshake/dist/airshake.simd.wasm",
        ] {
            assert!(paths.contains(needed), "{needed} is missing");
        }
    }

    #[test]
    fn webassembly_is_packed_and_unpacks_to_a_module() {
        for file in files() {
            if file.path().ends_with(".wasm") {
                assert!(file.gzip().is_some(), "{}", file.path());
                assert!(file.bytes().starts_with(b"\0asm"), "{}", file.path());
            }
        }
    }

    #[test]
    fn no_file_asks_for_anything_from_elsewhere() {
        for file in files() {
            if file.path().ends_with(".wasm") {
                continue;
            }
            let text = String::from_utf8(file.bytes().into_owned()).expect("is UTF-8");
            for needle in [
                "src=\"http",
                "src='http",
                "url(http",
                "from 'http",
                "@import",
            ] {
                assert!(!text.contains(needle), "{}: {needle}", file.path());
            }
        }
    }

    /// A module that is not there is a page that stays empty, and says so only in the console.
    #[test]
    fn every_file_that_a_script_or_the_page_names_is_there() {
        let paths: BTreeSet<&str> = files().iter().map(PageFile::path).collect();
        let mut named = 0;
        for file in files() {
            if !file.path().ends_with(".js") && !file.path().ends_with(".html") {
                continue;
            }
            let text = String::from_utf8(file.bytes().into_owned()).expect("is UTF-8");
            for quote in ['\'', '"'] {
                for word in text.split(quote) {
                    let ours = ["./", "../"].iter().any(|start| word.starts_with(start));
                    let file_like = [".js", ".css", ".svg", ".wasm"];
                    if !ours || !file_like.iter().any(|end| word.ends_with(end)) {
                        continue;
                    }
                    let whole = beside(file.path(), word);
                    assert!(
                        paths.contains(whole.as_str()),
                        "{} names {word}",
                        file.path()
                    );
                    named += 1;
                }
            }
        }
        assert!(named > 10, "{named}");
    }

    /// What `name` means in the file at `path`.
    fn beside(path: &str, name: &str) -> String {
        let mut parts: Vec<&str> = path.split('/').collect();
        parts.pop();
        for part in name.split('/') {
            match part {
                "." => {}
                ".." => {
                    parts.pop();
                }
                part => parts.push(part),
            }
        }
        parts.join("/")
    }
}
