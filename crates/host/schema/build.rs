//! Embeds the SQL files of the repository's `migrations` folder, as sqlx's own macro would, but
//! without compiling all of sqlx a second time for the macro. A file that has no name of the form
//! `<version>_<what>`, or no way back, stops the build.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

const FOLDER: &str = "../../../migrations";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={FOLDER}");
    let mut names = Vec::new();
    for entry in fs::read_dir(FOLDER)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".up.sql") || name.ends_with(".down.sql") {
            println!("cargo::rerun-if-changed={FOLDER}/{name}");
            names.push(name);
        }
    }
    names.sort();
    let mut code = String::from("&[\n");
    for name in &names {
        let Some(stem) = name.strip_suffix(".up.sql") else {
            let up = name.replace(".down.sql", ".up.sql");
            require(names.contains(&up), name, "has no .up.sql beside it")?;
            continue;
        };
        let down = format!("{stem}.down.sql");
        require(names.contains(&down), name, "has no .down.sql beside it")?;
        let (version, what) = stem.split_once('_').unwrap_or_default();
        let is_version = version.len() == 14 && version.bytes().all(|b| b.is_ascii_digit());
        require(is_version, name, "is not named YYYYMMDDHHMMSS_what")?;
        let include = |name: &str| {
            format!("include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{FOLDER}/{name}\"))")
        };
        let (up, down) = (include(name), include(&down));
        writeln!(
            code,
            "    Migration {{ version: {version}, name: \"{what}\", up: {up}, down: {down} }},"
        )
        .map_err(io::Error::other)?;
    }
    code.push_str("]\n");
    let folder = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("no OUT_DIR"))?;
    fs::write(Path::new(&folder).join("migrations.rs"), code)
}

fn require(holds: bool, name: &str, problem: &str) -> io::Result<()> {
    match holds {
        true => Ok(()),
        false => Err(io::Error::other(format!("migrations/{name} {problem}"))),
    }
}
