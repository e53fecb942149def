//! Embeds the SQL files of the repository's `migrations` folder, as sqlx's own macro would, but
//! without compiling all of sqlx a second time for the macro.

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
    for name in names {
        let path = format!("concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/{FOLDER}/{name}\")");
        writeln!(code, "    (\"{name}\", include_str!({path})),").map_err(io::Error::other)?;
    }
    code.push_str("]\n");
    let folder = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("no OUT_DIR"))?;
    fs::write(Path::new(&folder).join("migrations.rs"), code)
}
