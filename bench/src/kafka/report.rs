//! The table that comes out.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;

use super::throughput::Throughput;

/// A way of handling records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    Bare,
    /// Our trigger, with so many records in one call.
    Trigger(usize),
    Post,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bare => f.pad("bare consumer loop"),
            Self::Trigger(batch) => f.pad(&format!("trigger, batches of {batch}")),
            Self::Post => f.pad("a POST of each record"),
        }
    }
}

#[derive(Default)]
struct Sample {
    rates: Vec<f64>,
    cpu_us: Vec<f64>,
    lags_ms: Vec<f64>,
}

impl Sample {
    /// All records by all the time they took. A shared machine's processors are at times half as fast as
    /// at others, for seconds: a median would be that of the more frequent state, by chance.
    fn rate(&self) -> f64 {
        let seconds: f64 = self.rates.iter().map(|rate| rate.recip()).sum();
        self.rates.len() as f64 / seconds
    }

    fn cpu_us(&self) -> f64 {
        self.cpu_us.iter().sum::<f64>() / self.cpu_us.len() as f64
    }
}

#[derive(Default)]
pub struct Results(BTreeMap<Way, Sample>);

impl Results {
    pub fn add(&mut self, way: Way, throughput: &Throughput, lags_ms: Vec<f64>) {
        let sample = self.0.entry(way).or_default();
        sample.rates.push(throughput.per_second);
        sample.cpu_us.push(throughput.cpu_us);
        sample.lags_ms.extend(lags_ms);
    }

    pub fn print(mut self, ways: &[Way], json: bool) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        let bare = self.0.get(&Way::Bare).map_or(0.0, Sample::rate);
        if !json {
            writeln!(
                out,
                "{:<24} {:>10} {:>8} {:>8} {:>8} {:>8}",
                "", "records/s", "of bare", "CPU us", "p50 ms", "p99 ms"
            )?;
        }
        for way in ways {
            let Some(sample) = self.0.get_mut(way) else {
                continue;
            };
            let (rate, cpu_us) = (sample.rate(), sample.cpu_us());
            sample.lags_ms.sort_by(f64::total_cmp);
            let (p50, p99) = (at(&sample.lags_ms, 0.5), at(&sample.lags_ms, 0.99));
            if json {
                let line = serde_json::json!({
                    "way": way.to_string(), "records_per_second": rate, "of_bare": rate / bare,
                    "rates": sample.rates, "cpu_us": cpu_us, "lag_p50_ms": p50, "lag_p99_ms": p99,
                });
                writeln!(out, "{line}")?;
            } else {
                let share = rate / bare;
                writeln!(
                    out,
                    "{way:<24} {rate:>10.0} {share:>8.2} {cpu_us:>8.2} {p50:>8.1} {p99:>8.1}"
                )?;
            }
        }
        Ok(())
    }
}

fn at(sorted: &[f64], part: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let index = (last as f64 * part).round() as usize;
    sorted.get(index).copied().unwrap_or(f64::NAN)
}
