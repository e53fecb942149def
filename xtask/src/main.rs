//! `cargo xtask`: what a person types to set up, run, test and measure the whole system. It installs
//! what it can and says exactly what to install where it cannot.

mod bench;
mod build;
mod kafka;
mod lint;
mod paths;
mod plugins;
mod postgres;
mod process;
mod suite;
mod supervise;
mod test;
mod up;
mod web;

use clap::Parser;

/// Set up, run, test and measure TaskWhisper
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    version,
    after_help = "Everything a command needs is set up by the command itself; the first run takes minutes, \
                  the next seconds."
)]
enum Command {
    /// Build what changed, start a database and serve the application
    Up(up::Options),
    /// Build everything and run all tests on a throw-away database server
    Test(test::Options),
    /// Kill hosts under load again and again: the tests of that, for longer
    Soak(test::Soak),
    /// Build the host, the components and the web page
    Build(build::Options),
    /// Measure the running system beside a bare server
    Bench(bench::Options),
    /// Check the formatting, and that clippy has nothing to say
    Lint,
    /// Install the kafka, cron and websocket triggers into the `spin` on the PATH
    Plugins(plugins::Options),
}

fn main() {
    let result = match Command::parse() {
        Command::Up(options) => up::run(options),
        Command::Test(options) => test::run(options),
        Command::Soak(options) => test::soak(options),
        Command::Build(options) => build::run(options),
        Command::Bench(options) => bench::run(options),
        Command::Lint => lint::run(),
        Command::Plugins(options) => plugins::run(options),
    };
    match result {
        Ok(()) => {}
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::exit(1);
        }
    }
}
