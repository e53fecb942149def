//! Sends every kind of parameter to Postgres and reads it back. Answers with what came back
//! differently, which should be nothing; with input `unusual`, with what a component cannot send.

mod bindings;

use spin_sdk::pg::{Connection, DbDataType, DbValue, ParameterValue, RangeBoundKind};

struct Run;

impl bindings::Guest for Run {
    async fn run(address: String, input: String) -> Result<String, String> {
        let answer = async {
            let connection = Connection::open(address).await?;
            match input.as_str() {
                "round-trips" => round_trips(&connection).await,
                _ => select(&connection, &input).await,
            }
        };
        answer
            .await
            .map_err(|error: anyhow::Error| format!("{error:?}"))
    }
}

async fn round_trips(connection: &Connection) -> anyhow::Result<String> {
    use ParameterValue as P;
    use RangeBoundKind::{Exclusive, Inclusive};
    let text = |text: &str| text.to_owned();
    let cases: Vec<(&str, P, DbValue)> = vec![
        ("bool", P::Boolean(true), DbValue::Boolean(true)),
        ("int2", P::Int16(-7), DbValue::Int16(-7)),
        ("int4", P::Int32(i32::MIN), DbValue::Int32(i32::MIN)),
        ("int8", P::Int64(i64::MAX), DbValue::Int64(i64::MAX)),
        ("float4", P::Floating32(1.5), DbValue::Floating32(1.5)),
        ("float8", P::Floating64(-0.1), DbValue::Floating64(-0.1)),
        (
            "text",
            P::Str(text("żółw 🐢")),
            DbValue::Str(text("żółw 🐢")),
        ),
        ("varchar", P::Str(text("v")), DbValue::Str(text("v"))),
        (
            "bytea",
            P::Binary(vec![0, 255]),
            DbValue::Binary(vec![0, 255]),
        ),
        ("date", P::Date((2028, 2, 29)), DbValue::Date((2028, 2, 29))),
        (
            "time",
            P::Time((23, 59, 59, 999_999_000)),
            DbValue::Time((23, 59, 59, 999_999_000)),
        ),
        (
            "timestamp",
            P::Datetime((1999, 12, 31, 23, 0, 1, 5_000)),
            DbValue::Datetime((1999, 12, 31, 23, 0, 1, 5_000)),
        ),
        (
            "timestamptz",
            P::Timestamp(86_400),
            DbValue::Datetime((1970, 1, 2, 0, 0, 0, 0)),
        ),
        (
            "uuid",
            P::Uuid(text("0190163D-8694-739B-AEA5-966C26F8AD91")),
            DbValue::Uuid(text("0190163d-8694-739b-aea5-966c26f8ad91")),
        ),
        (
            "jsonb",
            P::Jsonb(br#"{"n": 12345678901234567890123, "a":[null]}"#.to_vec()),
            DbValue::Jsonb(br#"{"a": [null], "n": 12345678901234567890123}"#.to_vec()),
        ),
        (
            "numeric",
            P::Decimal(text("-0012.3400")),
            DbValue::Decimal(text("-12.3400")),
        ),
        (
            "numeric",
            P::Decimal(text("123456789012345678901234567890.000000000000000000001")),
            DbValue::Decimal(text("123456789012345678901234567890.000000000000000000001")),
        ),
        (
            "numeric",
            P::Decimal(text("NaN")),
            DbValue::Decimal(text("NaN")),
        ),
        (
            "int4range",
            P::RangeInt32((Some((1, Exclusive)), Some((5, Inclusive)))),
            DbValue::RangeInt32((Some((2, Inclusive)), Some((6, Exclusive)))),
        ),
        (
            "int4range",
            P::RangeInt32((None, None)),
            DbValue::RangeInt32((None, None)),
        ),
        (
            "int4range",
            P::RangeInt32((Some((3, Inclusive)), Some((3, Exclusive)))),
            DbValue::RangeInt32((Some((0, Inclusive)), Some((0, Exclusive)))),
        ),
        (
            "int8range",
            P::RangeInt64((Some((-9_000_000_000, Inclusive)), None)),
            DbValue::RangeInt64((Some((-9_000_000_000, Inclusive)), None)),
        ),
        (
            "numrange",
            P::RangeDecimal((
                Some((text("1.50"), Exclusive)),
                Some((text("2"), Inclusive)),
            )),
            DbValue::RangeDecimal((
                Some((text("1.50"), Exclusive)),
                Some((text("2"), Inclusive)),
            )),
        ),
        (
            "int4[]",
            P::ArrayInt32(vec![Some(1), None]),
            DbValue::ArrayInt32(vec![Some(1), None]),
        ),
        ("int8[]", P::ArrayInt64(vec![]), DbValue::ArrayInt64(vec![])),
        (
            "numeric[]",
            P::ArrayDecimal(vec![Some(text("1.10")), None]),
            DbValue::ArrayDecimal(vec![Some(text("1.10")), None]),
        ),
        (
            "text[]",
            P::ArrayStr(vec![Some(text("a,\"b")), None, Some(text(""))]),
            DbValue::ArrayStr(vec![Some(text("a,\"b")), None, Some(text(""))]),
        ),
        (
            "interval",
            P::Interval(spin_sdk::pg::Interval {
                micros: -1,
                days: 2,
                months: 3,
            }),
            DbValue::Interval(spin_sdk::pg::Interval {
                micros: -1,
                days: 2,
                months: 3,
            }),
        ),
        ("uuid", P::DbNull, DbValue::DbNull),
        ("int4[]", P::DbNull, DbValue::DbNull),
    ];
    let mut differences = Vec::new();
    for (ty, sent, expected) in cases {
        let statement = format!("SELECT $1::{ty} AS value");
        let result = connection.query(statement, vec![sent]).await?;
        let data_type = result.columns()[0].data_type.clone();
        let rows = result.collect().await?;
        let got = rows[0][0].clone();
        if format!("{got:?}") != format!("{expected:?}") {
            differences.push(format!("{ty}: {got:?} instead of {expected:?}"));
        }
        if matches!(data_type, DbDataType::Other(_)) {
            differences.push(format!("{ty}: column of type {data_type:?}"));
        }
    }
    Ok(differences.join("\n"))
}

/// The columns and rows of a statement, by the buffering call that blocks.
async fn select(connection: &Connection, statement: &str) -> anyhow::Result<String> {
    let result = connection.query(statement, vec![]).await?;
    let columns: Vec<_> = result
        .columns()
        .iter()
        .map(|column| format!("{}: {:?}", column.name, column.data_type))
        .collect();
    let rows: Vec<_> = result
        .collect()
        .await?
        .iter()
        .map(|row| {
            let values = (0..columns.len()).map(|index| format!("{:?}", row[index]));
            values.collect::<Vec<_>>().join(", ")
        })
        .collect();
    Ok(format!("{} | {}", columns.join(", "), rows.join("; ")))
}
