//! What commands read: JSON from a file or from standard input.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The name that stands for standard input.
const STDIN: &str = "-";

/// A record as somebody writes it down, or as `events tail --json` prints it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GivenRecord {
    pub topic: Option<String>,
    pub partition: i32,
    pub offset: i64,
    /// RFC 3339.
    pub timestamp: Option<chrono::DateTime<chrono::Utc>>,
    pub key: Option<String>,
    pub headers: Map<String, Value>,
    /// `null` or none: a tombstone.
    pub value: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Value>),
    One(Value),
}

/// The text of a file, or of standard input.
pub fn text(path: &Path) -> anyhow::Result<String> {
    if path == Path::new(STDIN) {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("cannot read standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// `JSON`, `@file` or `-`.
pub fn json(argument: &str) -> anyhow::Result<Value> {
    let (text, from) = match argument.strip_prefix('@') {
        Some(path) => (text(Path::new(path))?, path),
        None if argument == STDIN => (text(Path::new(STDIN))?, "standard input"),
        None => (argument.to_owned(), "it"),
    };
    let wrong = || format!("{from} is not JSON; text is written \"in quotes\", a file as @name");
    serde_json::from_str(&text).with_context(wrong)
}

/// Records, one, an array, or one after another.
pub fn records(text: &str) -> anyhow::Result<Vec<GivenRecord>> {
    let mut values = Vec::new();
    for part in serde_json::Deserializer::from_str(text).into_iter::<OneOrMany>() {
        match part.context("it is not JSON")? {
            OneOrMany::Many(many) => values.extend(many),
            OneOrMany::One(one) => values.push(one),
        }
    }
    let of_record = |(index, value)| {
        let number = index + 1;
        serde_json::from_value(value).with_context(|| {
            format!("record {number}: it has topic, key, headers (an object) and value")
        })
    };
    values.into_iter().enumerate().map(of_record).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn records_come_alone_in_an_array_or_one_after_another() {
        for (text, count) in [
            (r#"{"topic": "a"}"#, 1),
            (r#"[{"topic": "a"}, {"key": "k"}]"#, 2),
            ("{}\n{\"value\": 1}\n[{}]", 3),
            (" [ ] ", 0),
        ] {
            assert_eq!(records(text).expect("valid").len(), count, "{text}");
        }
    }

    #[test]
    fn a_record_of_a_tail_is_one_and_a_mistake_is_named_with_its_place() {
        let tailed = json!({
            "topic": "orders", "partition": 3, "offset": 17, "key": null, "headers": {"ce_id": "1"},
            "timestamp": "2031-03-26T09:00:00.123Z", "value": {"cents": 5},
        });
        let read = records(&tailed.to_string()).expect("valid").remove(0);
        assert_eq!((read.partition, read.offset), (3, 17));
        assert_eq!(read.value, Some(json!({"cents": 5})));

        let error = records(r#"[{}, {"kye": "a"}]"#).expect_err("a typing mistake");
        let error = format!("{error:#}");
        assert!(
            error.contains("record 2") && error.contains("kye"),
            "{error}"
        );
        assert!(records("{").is_err());
    }

    #[test]
    fn data_is_json_or_in_a_file() {
        assert_eq!(json(r#"{"a": 1}"#).expect("valid"), json!({"a": 1}));
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "[1]").expect("written");
        let named = format!("@{}", file.path().display());
        assert_eq!(json(&named).expect("valid"), json!([1]));
        let error = json("hello").expect_err("no JSON");
        assert!(format!("{error:#}").contains("in quotes"), "{error:#}");
        assert!(json("@/does/not/exist").is_err());
    }
}
