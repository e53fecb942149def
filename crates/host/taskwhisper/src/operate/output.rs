//! What commands print: aligned columns for people, one JSON object per line for programs. Nobody
//! may be reading any more: then nothing is printed.

use std::io::{IsTerminal as _, Write as _};

use serde_json::Value;

/// A table under construction.
pub struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Columns whose heading begins with `>` have their cells at the right.
    pub fn new(headings: &[&'static str]) -> Self {
        Self {
            headings: headings.to_vec(),
            rows: Vec::new(),
        }
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub fn print(&self) {
        let mut text = String::new();
        let names = self
            .headings
            .iter()
            .map(|heading| heading.trim_start_matches('>'));
        let names: Vec<_> = names.map(str::to_owned).collect();
        let bold = |line: String| match is_coloured() {
            true => format!("\x1b[1m{line}\x1b[0m"),
            false => line,
        };
        text.push_str(&bold(self.line(&names)));
        for row in &self.rows {
            text.push('\n');
            text.push_str(&self.line(row));
        }
        say(&text);
    }

    fn line(&self, cells: &[String]) -> String {
        let mut line = String::new();
        for (at, heading) in self.headings.iter().enumerate() {
            let cell = cells.get(at).map_or("", String::as_str);
            let widths = self.rows.iter().filter_map(|row| row.get(at));
            let width = widths.map(|cell| cell.chars().count()).max().unwrap_or(0);
            let width = width.max(heading.trim_start_matches('>').len());
            if at > 0 {
                line.push_str("  ");
            }
            if heading.starts_with('>') {
                line.push_str(&format!("{cell:>width$}"));
            } else {
                line.push_str(&format!("{cell:<width$}"));
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// Colours are for eyes only (<https://no-color.org>).
pub fn is_coloured() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty())
}

/// A line on standard output. False once nobody reads any more.
pub fn say(line: &str) -> bool {
    writeln!(std::io::stdout().lock(), "{line}").is_ok()
}

/// An object on a line of its own.
pub fn say_json(value: &Value) -> bool {
    say(&value.to_string())
}

/// `1.2 s`, `3 min`, `2 h`, `5 d`.
pub fn age(seconds: f64) -> String {
    match seconds {
        s if s < 0.9995 => format!("{:.0} ms", s * 1000.0),
        s if s < 60.0 => format!("{s:.1} s"),
        s if s < 3600.0 => format!("{:.0} min", s / 60.0),
        s if s < 86_400.0 => format!("{:.0} h", s / 3600.0),
        s => format!("{:.0} d", s / 86_400.0),
    }
}

/// On one line, cut at so many characters.
pub fn cut(text: &str, most: usize) -> String {
    let text = text.replace(['\n', '\r', '\t'], " ");
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_numbers_stand_at_the_right() {
        let mut table = Table::new(&["GROUP", ">LAG", "MORE"]);
        table.row(["a".into(), "7".into(), String::new()]);
        table.row(["longer".into(), "12345".into(), "x".into()]);
        assert_eq!(table.line(&["GROUP".into(), "LAG".into()]), "GROUP     LAG");
        assert_eq!(table.line(&table.rows[0]), "a           7");
        assert_eq!(table.line(&table.rows[1]), "longer  12345  x");
    }

    #[test]
    fn ages_have_the_unit_that_fits() {
        let ages = [0.0042, 1.25, 90.0, 7200.0, 200_000.0].map(age);
        assert_eq!(ages, ["4 ms", "1.2 s", "2 min", "2 h", "2 d"]);
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(cut("grün\nweiß", 20), "grün weiß");
        assert_eq!(cut("grünweiß", 3), "grü…");
    }
}
