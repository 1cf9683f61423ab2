//! Lists the files of the page, so that the program can carry them: `web/page`, the package's
//! sources, and the WebAssembly that `script/web` left in `web/page.bundle`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_WEB").is_none() {
        return Ok(());
    }
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut list = String::from("&[\n");
    for (folder, place) in FOLDERS {
        println!("cargo::rerun-if-changed={folder}");
        for name in names(&root.join(folder))? {
            // For compilers and for `script/page`, not for pages.
            if name.ends_with(".d.ts") || name.ends_with(".sha256") {
                continue;
            }
            let (kind, name_there) = match name.strip_suffix(".gz") {
                Some(unpacked) => ("packed", unpacked),
                None => ("plain", name.as_str()),
            };
            let path = root.join(folder).join(&name);
            let _ = writeln!(
                list,
                "    PageFile::{kind}({:?}, include_bytes!({:?})),",
                format!("{place}{name_there}"),
                path.to_string_lossy()
            );
        }
    }
    list.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    #[expect(
        clippy::disallowed_methods,
        reason = "a build script makes source files"
    )]
    fs::write(out.join("page.rs"), list)
}

/// Folders of this repository, and where the page has them.
const FOLDERS: &[(&str, &str)] = &[
    ("web/page", ""),
    ("web/src", "airshake/src/"),
    ("web/page.bundle", "airshake/dist/"),
];

/// Files below `folder`, with slashes, in order; without those whose name begins with a dot.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            let inside = self::names(&entry.path())?;
            names.extend(inside.into_iter().map(|inner| format!("{name}/{inner}")));
        } else {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
