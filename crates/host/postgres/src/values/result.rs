//! Results: from Postgres' binary format to a component's values.

use std::error::Error as StdError;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};
use postgres_protocol::types as wire;
use tokio_postgres::types::{FromSql, Type};
use uuid::Uuid;

use super::numeric;
use crate::bindings::wit::{Column, DbDataType, DbValue, Error, Interval, RangeBoundKind};

/// First byte of a binary JSONB.
pub(super) const JSONB_VERSION: u8 = 1;

type BoxedError = Box<dyn StdError + Sync + Send>;

/// A column as components see it.
pub(crate) fn column(column: &tokio_postgres::Column) -> Column {
    Column {
        name: column.name().to_owned(),
        data_type: data_type(column.type_()),
    }
}

/// A row as components see it.
pub(crate) fn row(row: &tokio_postgres::Row) -> Result<Vec<DbValue>, Error> {
    let mut values = Vec::with_capacity(row.len());
    for (index, column) in row.columns().iter().enumerate() {
        let Value(value) = row.try_get(index).map_err(|error| {
            let reason = error.source().map(ToString::to_string).unwrap_or_default();
            let (name, ty) = (column.name(), column.type_());
            Error::ValueConversionFailed(format!("column {name:?} of type {ty}: {reason}"))
        })?;
        values.push(value);
    }
    Ok(values)
}

fn data_type(ty: &Type) -> DbDataType {
    match *ty {
        Type::BOOL => DbDataType::Boolean,
        Type::INT2 => DbDataType::Int16,
        Type::INT4 => DbDataType::Int32,
        Type::INT8 => DbDataType::Int64,
        Type::FLOAT4 => DbDataType::Floating32,
        Type::FLOAT8 => DbDataType::Floating64,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR => DbDataType::Str,
        Type::BYTEA => DbDataType::Binary,
        Type::DATE => DbDataType::Date,
        Type::TIME => DbDataType::Time,
        Type::TIMESTAMP | Type::TIMESTAMPTZ => DbDataType::Datetime,
        Type::UUID => DbDataType::Uuid,
        Type::JSONB => DbDataType::Jsonb,
        Type::NUMERIC => DbDataType::Decimal,
        Type::INT4_RANGE => DbDataType::RangeInt32,
        Type::INT8_RANGE => DbDataType::RangeInt64,
        Type::NUM_RANGE => DbDataType::RangeDecimal,
        Type::INT4_ARRAY => DbDataType::ArrayInt32,
        Type::INT8_ARRAY => DbDataType::ArrayInt64,
        Type::NUMERIC_ARRAY => DbDataType::ArrayDecimal,
        Type::TEXT_ARRAY | Type::VARCHAR_ARRAY | Type::BPCHAR_ARRAY => DbDataType::ArrayStr,
        Type::INTERVAL => DbDataType::Interval,
        _ => DbDataType::Other(ty.name().to_owned()),
    }
}

/// Any column's value, NULL too.
struct Value(DbValue);

impl<'a> FromSql<'a> for Value {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, BoxedError> {
        decode(ty, raw).map(Self)
    }

    fn from_sql_null(_: &Type) -> Result<Self, BoxedError> {
        Ok(Self(DbValue::DbNull))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn decode(ty: &Type, raw: &[u8]) -> Result<DbValue, BoxedError> {
    Ok(match *ty {
        Type::BOOL => DbValue::Boolean(bool::from_sql(ty, raw)?),
        Type::INT2 => DbValue::Int16(i16::from_sql(ty, raw)?),
        Type::INT4 => DbValue::Int32(i32::from_sql(ty, raw)?),
        Type::INT8 => DbValue::Int64(i64::from_sql(ty, raw)?),
        Type::FLOAT4 => DbValue::Floating32(f32::from_sql(ty, raw)?),
        Type::FLOAT8 => DbValue::Floating64(f64::from_sql(ty, raw)?),
        Type::TEXT | Type::VARCHAR | Type::BPCHAR => DbValue::Str(String::from_sql(ty, raw)?),
        Type::BYTEA => DbValue::Binary(raw.to_vec()),
        Type::DATE => DbValue::Date(date(NaiveDate::from_sql(ty, raw)?)),
        Type::TIME => DbValue::Time(time(NaiveTime::from_sql(ty, raw)?)),
        Type::TIMESTAMP => DbValue::Datetime(datetime(NaiveDateTime::from_sql(ty, raw)?)),
        // The contract treats date-times as UTC, and that is what the wire carries.
        Type::TIMESTAMPTZ => {
            DbValue::Datetime(datetime(DateTime::<Utc>::from_sql(ty, raw)?.naive_utc()))
        }
        Type::UUID => DbValue::Uuid(Uuid::from_sql(ty, raw)?.to_string()),
        Type::JSONB => DbValue::Jsonb(jsonb(raw)?),
        Type::NUMERIC => DbValue::Decimal(decimal(raw)?),
        Type::INT4_RANGE => DbValue::RangeInt32(range(raw, wire::int4_from_sql, 0)?),
        Type::INT8_RANGE => DbValue::RangeInt64(range(raw, wire::int8_from_sql, 0)?),
        Type::NUM_RANGE => DbValue::RangeDecimal(range(raw, decimal, "0".to_owned())?),
        Type::INT4_ARRAY => DbValue::ArrayInt32(Vec::from_sql(ty, raw)?),
        Type::INT8_ARRAY => DbValue::ArrayInt64(Vec::from_sql(ty, raw)?),
        Type::NUMERIC_ARRAY => {
            let items = Vec::<Option<Decimal>>::from_sql(ty, raw)?;
            DbValue::ArrayDecimal(items.into_iter().map(|item| item.map(|d| d.0)).collect())
        }
        Type::TEXT_ARRAY | Type::VARCHAR_ARRAY | Type::BPCHAR_ARRAY => {
            DbValue::ArrayStr(Vec::from_sql(ty, raw)?)
        }
        Type::INTERVAL => DbValue::Interval(interval(raw)?),
        _ => DbValue::Unsupported(raw.to_vec()),
    })
}

fn date(value: NaiveDate) -> (i32, u8, u8) {
    (value.year(), value.month() as u8, value.day() as u8)
}

fn time(value: NaiveTime) -> (u8, u8, u8, u32) {
    let (hour, minute, second) = (value.hour(), value.minute(), value.second());
    (hour as u8, minute as u8, second as u8, value.nanosecond())
}

fn datetime(value: NaiveDateTime) -> (i32, u8, u8, u8, u8, u8, u32) {
    let (year, month, day) = date(value.date());
    let (hour, minute, second, nanosecond) = time(value.time());
    (year, month, day, hour, minute, second, nanosecond)
}

fn jsonb(raw: &[u8]) -> Result<Vec<u8>, BoxedError> {
    match raw.split_first() {
        Some((&JSONB_VERSION, text)) => Ok(text.to_vec()),
        _ => Err("unknown JSONB version".into()),
    }
}

fn decimal(raw: &[u8]) -> Result<String, BoxedError> {
    numeric::decode(raw).ok_or_else(|| "malformed numeric".into())
}

/// Items of a numeric array.
struct Decimal(String);

impl<'a> FromSql<'a> for Decimal {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, BoxedError> {
        decimal(raw).map(Self)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::NUMERIC
    }
}

fn interval(raw: &[u8]) -> Result<Interval, BoxedError> {
    let parts = raw
        .split_first_chunk::<8>()
        .and_then(|(micros, rest)| Some((micros, rest.split_first_chunk::<4>()?)));
    let Some((micros, (days, months))) = parts else {
        return Err("malformed interval".into());
    };
    Ok(Interval {
        micros: i64::from_be_bytes(*micros),
        days: i32::from_be_bytes(*days),
        months: i32::from_be_bytes(months.try_into()?),
    })
}

type Bound<T> = Option<(T, RangeBoundKind)>;

/// The contract has no empty range: it becomes `[zero,zero)`, which Postgres reads as empty.
fn range<T: Clone>(
    raw: &[u8],
    item: impl Fn(&[u8]) -> Result<T, BoxedError>,
    zero: T,
) -> Result<(Bound<T>, Bound<T>), BoxedError> {
    let bound = |bound: wire::RangeBound<Option<&[u8]>>| -> Result<Bound<T>, BoxedError> {
        let (raw, kind) = match bound {
            wire::RangeBound::Inclusive(raw) => (raw, RangeBoundKind::Inclusive),
            wire::RangeBound::Exclusive(raw) => (raw, RangeBoundKind::Exclusive),
            wire::RangeBound::Unbounded => return Ok(None),
        };
        let raw = raw.ok_or("a range bound without value")?;
        Ok(Some((item(raw)?, kind)))
    };
    match wire::range_from_sql(raw)? {
        wire::Range::Empty => Ok((
            Some((zero.clone(), RangeBoundKind::Inclusive)),
            Some((zero, RangeBoundKind::Exclusive)),
        )),
        wire::Range::Nonempty(lower, upper) => Ok((bound(lower)?, bound(upper)?)),
    }
}
