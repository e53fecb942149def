//! The result: one line for each operation and number of connections, and ratios to the bare server.

use std::collections::BTreeMap;

use serde::Serialize;

use super::load::Sample;
use super::{Operation, Pair};

#[derive(Serialize)]
struct Line {
    operation: Operation,
    connections: usize,
    host: Figures,
    bare: Figures,
    /// The host's figures divided by the bare server's.
    ratio: Figures,
}

#[derive(Serialize)]
struct Figures {
    requests_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    cpu_us_per_request: f64,
}

impl Figures {
    fn of(sample: &Sample) -> Self {
        let quantile = |q| sample.latencies.value_at_quantile(q) as f64 / 1000.0;
        Self {
            requests_per_second: sample.requests as f64 / sample.time.as_secs_f64(),
            p50_ms: quantile(0.5),
            p99_ms: quantile(0.99),
            cpu_us_per_request: sample.cpu.as_secs_f64() * 1e6 / sample.requests.max(1) as f64,
        }
    }

    fn ratio(host: &Self, bare: &Self) -> Self {
        Self {
            requests_per_second: host.requests_per_second / bare.requests_per_second,
            p50_ms: host.p50_ms / bare.p50_ms,
            p99_ms: host.p99_ms / bare.p99_ms,
            cpu_us_per_request: host.cpu_us_per_request / bare.cpu_us_per_request,
        }
    }
}

pub fn print(results: &BTreeMap<(Operation, usize), Pair>, json: bool) -> anyhow::Result<()> {
    let lines: Vec<Line> = results
        .iter()
        .map(|(&(operation, connections), pair)| {
            let (host, bare) = (Figures::of(&pair.host), Figures::of(&pair.bare));
            Line {
                operation,
                connections,
                ratio: Figures::ratio(&host, &bare),
                host,
                bare,
            }
        })
        .collect();
    if json {
        println!("{}", serde_json::to_string_pretty(&lines)?);
        return Ok(());
    }
    println!(
        "{:18} {:>24} {:>22} {:>22} {:>22}",
        "host / bare = ratio", "requests/s", "p50 ms", "p99 ms", "CPU us/request"
    );
    for line in &lines {
        let name = format!("{:?}", line.operation).to_lowercase();
        println!(
            "{name:6} {:>4} conns   {} {} {} {}",
            line.connections,
            cell(line, |f| f.requests_per_second, 0, 24),
            cell(line, |f| f.p50_ms, 2, 22),
            cell(line, |f| f.p99_ms, 2, 22),
            cell(line, |f| f.cpu_us_per_request, 0, 22),
        );
    }
    Ok(())
}

fn cell(line: &Line, figure: impl Fn(&Figures) -> f64, decimals: usize, width: usize) -> String {
    let (host, bare) = (figure(&line.host), figure(&line.bare));
    let ratio = figure(&line.ratio);
    format!(
        "{:>width$}",
        format!("{host:.decimals$} / {bare:.decimals$} = {ratio:.2}")
    )
}
