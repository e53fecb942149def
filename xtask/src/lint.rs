//! `cargo xtask lint`: what a reviewer should not have to say.

use crate::{build, process};

pub fn run() -> anyhow::Result<()> {
    let mut fmt = build::cargo();
    process::step(fmt.args(["fmt", "--all", "--check"]))?;

    let mut native = build::cargo();
    native.args(["clippy", "--locked", "--workspace"]);
    native.args(build::openssl());
    build::exclude_guests(&mut native)?;
    process::step(native.args(["--all-targets", "--", "-D", "warnings"]))?;

    let mut guests = build::cargo();
    guests.args(["clippy", "--locked"]);
    build::for_guests(&mut guests, build::Profile::Dev, build::Guests::WithTests)?;
    process::step(guests.args(["--", "-D", "warnings"]))
}
