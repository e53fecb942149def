//! What a test program's output says.

use std::collections::BTreeMap;
use std::process::ExitStatus;
use std::time::Duration;

/// How one program ended.
pub struct Outcome {
    passed: usize,
    failed: usize,
    ignored: usize,
    /// Tests that said so, by what they lacked.
    skipped: BTreeMap<String, usize>,
    succeeded: bool,
    took: Duration,
}

/// How all of them ended.
#[derive(Default)]
pub struct Total {
    passed: usize,
    failed: usize,
    ignored: usize,
    skipped: BTreeMap<String, usize>,
    failures: Vec<String>,
    /// In milliseconds, of programs that ran any test.
    pub times: BTreeMap<String, u64>,
}

impl Outcome {
    pub fn read(output: &str, status: ExitStatus, took: Duration) -> Self {
        let (mut passed, mut failed, mut ignored) = (0, 0, 0);
        // A program's last line; its tests may print others.
        let result = output
            .lines()
            .rfind(|line| line.starts_with("test result: "));
        for part in result.unwrap_or_default().split([';', '.']) {
            let mut words = part.split_whitespace();
            let number = words.next().and_then(|word| word.parse::<usize>().ok());
            match (number, words.next()) {
                (Some(number), Some("passed")) => passed = number,
                (Some(number), Some("failed")) => failed = number,
                (Some(number), Some("ignored")) => ignored = number,
                _ => {}
            }
        }
        let skipped = skipped(output);
        Self {
            passed: passed.saturating_sub(skipped.values().sum()),
            failed,
            ignored,
            skipped,
            succeeded: status.success() && result.is_some(),
            took,
        }
    }

    /// One line; of a failure everything.
    pub fn print(&self, name: &str, output: &str) {
        let skipped = self.skipped.values().sum::<usize>();
        if self.succeeded && self.passed + self.ignored + skipped == 0 {
            return;
        }
        let mut line = format!("{} passed", self.passed);
        for (number, what) in [
            (self.failed, "failed"),
            (self.ignored, "ignored"),
            (skipped, "skipped"),
        ] {
            if number > 0 {
                line += &format!(", {number} {what}");
            }
        }
        let seconds = self.took.as_secs_f64();
        match self.succeeded {
            true => println!("{name}: {line} ({seconds:.1} s)"),
            false => println!("--- {name}\n{output}\n--- {name} FAILED: {line} ({seconds:.1} s)"),
        }
    }
}

/// Of each test that says it was skipped, the reason: libtest shows what tests print below their names.
fn skipped(output: &str) -> BTreeMap<String, usize> {
    let mut reasons = BTreeMap::new();
    let mut counted = true;
    for line in output.lines() {
        if line.starts_with("---- ") && line.ends_with(" stdout ----") {
            counted = false;
        } else if let Some(reason) = line.strip_prefix("skipped: ")
            && !counted
        {
            counted = true;
            *reasons.entry(reason.to_owned()).or_default() += 1;
        }
    }
    reasons
}

impl Total {
    pub fn add(&mut self, name: &str, outcome: Outcome) {
        self.passed += outcome.passed;
        self.failed += outcome.failed;
        self.ignored += outcome.ignored;
        if !outcome.succeeded {
            self.failures.push(name.to_owned());
        }
        let ms = u64::try_from(outcome.took.as_millis()).unwrap_or(u64::MAX);
        if outcome.passed + outcome.failed > 0 {
            self.times.insert(name.to_owned(), ms);
        }
        for (reason, number) in outcome.skipped {
            *self.skipped.entry(reason).or_default() += number;
        }
    }

    pub fn print(&self, took: Duration) {
        for (reason, number) in &self.skipped {
            println!("{number} skipped: {reason}");
        }
        println!(
            "{} passed, {} failed, {} ignored, {} skipped in {:.1} s",
            self.passed,
            self.failed,
            self.ignored,
            self.skipped.values().sum::<usize>(),
            took.as_secs_f64()
        );
    }

    pub fn into_result(self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.failures.is_empty(),
            "tests failed: {}",
            self.failures.join(", ")
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt as _;

    const OUTPUT: &str = "
running 3 tests
test a ... ok
test b ... ok
test c ... ignored

successes:

---- a stdout ----
skipped: install it
skipped: install it
---- b stdout ----
fine

successes:
    a
    b

test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s
";

    #[test]
    fn a_program_that_ended_well_is_counted() {
        let outcome = Outcome::read(OUTPUT, ExitStatus::from_raw(0), Duration::ZERO);
        assert!(outcome.succeeded);
        assert_eq!((outcome.passed, outcome.failed, outcome.ignored), (1, 0, 1));
        assert_eq!(outcome.skipped, [("install it".to_owned(), 1)].into());
    }

    #[test]
    fn a_program_that_ended_before_its_result_has_failed() {
        let outcome = Outcome::read("running 3 tests\n", ExitStatus::from_raw(0), Duration::ZERO);
        assert!(!outcome.succeeded);
        let killed = Outcome::read(OUTPUT, ExitStatus::from_raw(9), Duration::ZERO);
        assert!(!killed.succeeded);
    }
}
