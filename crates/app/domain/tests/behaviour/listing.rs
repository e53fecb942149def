//! Cursors: what the server hands out it takes back, and nothing else.

use crate::random::Random;
use chrono::{DateTime, TimeDelta, Utc};
use domain::Priority;
use domain::listing::{Cursor, Key, Order, Sort};
use domain::position::spread;
use domain::text::sort_key;
use uuid::Uuid;

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn comes_back(key: Key) {
    for descending in [false, true] {
        let cursor = Cursor {
            descending,
            key: key.clone(),
            id: Uuid::now_v7(),
        };
        let json = serde_json::to_string(&cursor).unwrap();
        assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor);
        assert_eq!(cursor.order().sort, key.sort());
        // What a cursor may have in a query string, which is base64 of this.
        assert!(json.len() <= 700, "{json}");
    }
    let text = key.text();
    assert_eq!(Key::parse(key.sort(), text.as_deref()), Some(key));
}

#[test]
fn a_cursor_of_any_title_comes_back() {
    let mut random = Random::new(6);
    for _ in 0..20_000 {
        comes_back(Key::Title(sort_key(&random.text(500))));
    }
    for c in ["\"", "\\", "\u{FDFA}", "😀", "\u{E000}", "\u{10FFFF}"] {
        comes_back(Key::Title(sort_key(&c.repeat(500))));
    }
}

#[test]
fn a_cursor_of_every_sort_comes_back() {
    let now = instant("2026-11-27T12:00:00.123456Z");
    comes_back(Key::CreatedAt(now));
    comes_back(Key::UpdatedAt(now));
    comes_back(Key::CompletedAt(Some(now)));
    comes_back(Key::CompletedAt(None));
    comes_back(Key::Due(None));
    comes_back(Key::Relevance(7));
    comes_back(Key::Priority(Priority::High));
    for position in spread(None, None, 100).unwrap() {
        comes_back(Key::Position(position));
    }
}

#[test]
fn a_cursor_of_the_first_and_last_due_dates_comes_back_in_every_zone() {
    for (date, hours) in [("1970-01-01", -14), ("2999-12-31", 24 + 12)] {
        let due = instant(&format!("{date}T00:00:00Z")) + TimeDelta::hours(hours);
        comes_back(Key::Due(Some(due)));
    }
}

#[test]
fn forged_cursors_are_refused() {
    let id = Uuid::now_v7();
    let long = "a".repeat(256);
    for (order, key) in [
        ("created_at", "null"),
        ("created_at", "\"yesterday\""),
        ("created_at", "\"9999-01-01T00:00:00Z\""),
        ("due", "\"infinity\""),
        ("due", "\"\""),
        ("priority", "\"5\""),
        ("priority", "null"),
        ("title", "null"),
        ("title", "\"\\u0000\""),
        ("title", &format!("\"{long}\"")),
        ("position", "\"!\""),
        ("relevance", "\"99999999999\""),
        ("relevance", "7"),
        ("shiny", "\"a\""),
        ("--due", "null"),
    ] {
        let json = format!("[\"{order}\",{key},\"{id}\"]");
        assert!(serde_json::from_str::<Cursor>(&json).is_err(), "{json}");
    }
    for json in [
        "",
        "{}",
        "[]",
        "null",
        "[\"title\",\"a\",\"b\"]",
        "[\"title\",\"a\"]",
        "7",
    ] {
        assert!(serde_json::from_str::<Cursor>(json).is_err(), "{json}");
    }
    let mut random = Random::new(7);
    for _ in 0..50_000 {
        let forged = (Order::default().to_string(), random.text(30), id);
        for sort in Sort::ALL {
            let _ = Key::parse(sort, Some(&forged.1));
        }
        let json = serde_json::to_string(&forged).unwrap();
        assert!(serde_json::from_str::<Cursor>(&json).is_err(), "{json}");
    }
}

#[test]
fn orders_are_read_as_they_are_written() {
    for sort in Sort::ALL {
        for descending in [false, true] {
            let order = Order { sort, descending };
            assert_eq!(order.to_string().parse(), Ok(order));
        }
    }
    let refused = "size".parse::<Order>().unwrap_err();
    assert!(
        refused.contains("created_at") && refused.contains("position"),
        "{refused}"
    );
}
