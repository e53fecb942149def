//! Parameters: from a component's values to Postgres.

use std::error::Error as StdError;

use bytes::{BufMut, BytesMut};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use tokio_postgres::types::{Format, IsNull, ToSql, Type};
use uuid::Uuid;

use super::numeric;
use crate::bindings::wit::{Error, Interval, ParameterValue, RangeBoundKind};

/// A checked parameter: encoding it cannot fail once [`check_types`] has passed.
#[derive(Debug)]
pub(crate) enum Parameter {
    Null,
    Boolean(bool),
    Int8(i8),
    Int16(i16),
    Int32(i32),
    Int64(i64),
    Floating32(f32),
    Floating64(f64),
    Str(String),
    Binary(Vec<u8>),
    Date(NaiveDate),
    Time(NaiveTime),
    Datetime(NaiveDateTime),
    Timestamp(DateTime<Utc>),
    Uuid(Uuid),
    Json(Vec<u8>),
    Interval(Interval),
    ArrayInt32(Vec<Option<i32>>),
    ArrayInt64(Vec<Option<i64>>),
    ArrayStr(Vec<Option<String>>),
    /// Decimals and ranges go as text: Postgres parses any precision, and no encoder is needed.
    Text {
        ty: Type,
        text: String,
    },
}

/// Checks and converts; the error names the parameter as the statement does (`$2`).
pub(crate) fn parameters(values: Vec<ParameterValue>) -> Result<Vec<Parameter>, Error> {
    let converted = values.into_iter().enumerate().map(|(index, value)| {
        convert(value)
            .map_err(|reason| Error::BadParameter(format!("parameter ${}: {reason}", index + 1)))
    });
    converted.collect()
}

/// Compares with what the prepared statement takes. Widths must be exact, as under Spin.
pub(crate) fn check_types(parameters: &[Parameter], types: &[Type]) -> Result<(), Error> {
    if parameters.len() != types.len() {
        return Err(Error::BadParameter(format!(
            "the statement takes {} parameters and got {}",
            types.len(),
            parameters.len()
        )));
    }
    for (index, (parameter, ty)) in parameters.iter().zip(types).enumerate() {
        if !parameter.fits(ty) {
            let name = parameter.name();
            let sql = parameter.sql_type();
            return Err(Error::BadParameter(format!(
                "parameter ${n} is {name}, the statement takes {ty} there: pass a matching value \
                 or cast in SQL (${n}::{sql}::{ty})",
                n = index + 1
            )));
        }
    }
    Ok(())
}

fn convert(value: ParameterValue) -> Result<Parameter, String> {
    Ok(match value {
        ParameterValue::DbNull => Parameter::Null,
        ParameterValue::Boolean(v) => Parameter::Boolean(v),
        ParameterValue::Int8(v) => Parameter::Int8(v),
        ParameterValue::Int16(v) => Parameter::Int16(v),
        ParameterValue::Int32(v) => Parameter::Int32(v),
        ParameterValue::Int64(v) => Parameter::Int64(v),
        ParameterValue::Floating32(v) => Parameter::Floating32(v),
        ParameterValue::Floating64(v) => Parameter::Floating64(v),
        ParameterValue::Str(v) => Parameter::Str(v),
        ParameterValue::Binary(v) => Parameter::Binary(v),
        ParameterValue::Date(v) => Parameter::Date(date(v)?),
        ParameterValue::Time(v) => Parameter::Time(time(v)?),
        ParameterValue::Datetime((year, month, day, hour, minute, second, nanosecond)) => {
            let time = time((hour, minute, second, nanosecond))?;
            Parameter::Datetime(NaiveDateTime::new(date((year, month, day))?, time))
        }
        ParameterValue::Timestamp(v) => Parameter::Timestamp(
            DateTime::from_timestamp(v, 0).ok_or_else(|| format!("invalid timestamp {v}"))?,
        ),
        ParameterValue::Uuid(v) => {
            Parameter::Uuid(Uuid::parse_str(&v).map_err(|e| format!("invalid uuid: {e}"))?)
        }
        ParameterValue::Jsonb(v) => {
            serde_json::from_slice::<serde::de::IgnoredAny>(&v)
                .map_err(|e| format!("invalid JSON: {e}"))?;
            Parameter::Json(v)
        }
        ParameterValue::Decimal(v) => text(Type::NUMERIC, decimal(v)?),
        ParameterValue::RangeInt32((lower, upper)) => text(Type::INT4_RANGE, range(lower, upper)),
        ParameterValue::RangeInt64((lower, upper)) => text(Type::INT8_RANGE, range(lower, upper)),
        ParameterValue::RangeDecimal((lower, upper)) => {
            let check = |bound: Option<(String, RangeBoundKind)>| {
                bound
                    .map(|(value, kind)| Ok::<_, String>((decimal(value)?, kind)))
                    .transpose()
            };
            text(Type::NUM_RANGE, range(check(lower)?, check(upper)?))
        }
        ParameterValue::ArrayInt32(v) => Parameter::ArrayInt32(v),
        ParameterValue::ArrayInt64(v) => Parameter::ArrayInt64(v),
        ParameterValue::ArrayDecimal(values) => {
            let items: Vec<_> = values
                .into_iter()
                .map(|value| value.map_or_else(|| Ok("NULL".to_owned()), decimal))
                .collect::<Result<_, _>>()?;
            text(Type::NUMERIC_ARRAY, format!("{{{}}}", items.join(",")))
        }
        ParameterValue::ArrayStr(v) => Parameter::ArrayStr(v),
        ParameterValue::Interval(v) => Parameter::Interval(v),
    })
}

fn text(ty: Type, text: String) -> Parameter {
    Parameter::Text { ty, text }
}

fn decimal(value: String) -> Result<String, String> {
    if numeric::is_decimal(&value) {
        Ok(value)
    } else {
        Err(format!("invalid decimal {value:?}"))
    }
}

fn date((year, month, day): (i32, u8, u8)) -> Result<NaiveDate, String> {
    NaiveDate::from_ymd_opt(year, month.into(), day.into())
        .ok_or_else(|| format!("invalid date {year}-{month}-{day}"))
}

fn time((hour, minute, second, nanosecond): (u8, u8, u8, u32)) -> Result<NaiveTime, String> {
    NaiveTime::from_hms_nano_opt(hour.into(), minute.into(), second.into(), nanosecond)
        .ok_or_else(|| format!("invalid time {hour}:{minute}:{second} and {nanosecond} ns"))
}

type Bound<T> = Option<(T, RangeBoundKind)>;

/// Postgres' own notation: `[1,5)`, `(,7]`.
fn range<T: std::fmt::Display>(lower: Bound<T>, upper: Bound<T>) -> String {
    let (open, from) = match lower {
        Some((value, RangeBoundKind::Inclusive)) => ('[', value.to_string()),
        Some((value, RangeBoundKind::Exclusive)) => ('(', value.to_string()),
        None => ('(', String::new()),
    };
    let (to, close) = match upper {
        Some((value, RangeBoundKind::Inclusive)) => (value.to_string(), ']'),
        Some((value, RangeBoundKind::Exclusive)) => (value.to_string(), ')'),
        None => (String::new(), ')'),
    };
    format!("{open}{from},{to}{close}")
}

impl Parameter {
    fn fits(&self, ty: &Type) -> bool {
        match self {
            Self::Null => true,
            Self::Boolean(_) => <bool as ToSql>::accepts(ty),
            Self::Int8(_) => <i8 as ToSql>::accepts(ty),
            Self::Int16(_) => <i16 as ToSql>::accepts(ty),
            Self::Int32(_) => <i32 as ToSql>::accepts(ty),
            Self::Int64(_) => <i64 as ToSql>::accepts(ty),
            Self::Floating32(_) => <f32 as ToSql>::accepts(ty),
            Self::Floating64(_) => <f64 as ToSql>::accepts(ty),
            Self::Str(_) => <String as ToSql>::accepts(ty),
            Self::Binary(_) => <Vec<u8> as ToSql>::accepts(ty),
            Self::Date(_) => <NaiveDate as ToSql>::accepts(ty),
            Self::Time(_) => <NaiveTime as ToSql>::accepts(ty),
            Self::Datetime(_) => <NaiveDateTime as ToSql>::accepts(ty),
            Self::Timestamp(_) => <DateTime<Utc> as ToSql>::accepts(ty),
            Self::Uuid(_) => <Uuid as ToSql>::accepts(ty),
            Self::Json(_) => matches!(*ty, Type::JSON | Type::JSONB),
            Self::Interval(_) => *ty == Type::INTERVAL,
            Self::ArrayInt32(_) => <Vec<Option<i32>> as ToSql>::accepts(ty),
            Self::ArrayInt64(_) => <Vec<Option<i64>> as ToSql>::accepts(ty),
            Self::ArrayStr(_) => <Vec<Option<String>> as ToSql>::accepts(ty),
            Self::Text { ty: own, .. } => own == ty,
        }
    }

    /// The name of the value's case in the WIT.
    fn name(&self) -> &'static str {
        match self {
            Self::Null => "db-null",
            Self::Boolean(_) => "boolean",
            Self::Int8(_) => "int8",
            Self::Int16(_) => "int16",
            Self::Int32(_) => "int32",
            Self::Int64(_) => "int64",
            Self::Floating32(_) => "floating32",
            Self::Floating64(_) => "floating64",
            Self::Str(_) => "str",
            Self::Binary(_) => "binary",
            Self::Date(_) => "date",
            Self::Time(_) => "time",
            Self::Datetime(_) => "datetime",
            Self::Timestamp(_) => "timestamp",
            Self::Uuid(_) => "uuid",
            Self::Json(_) => "jsonb",
            Self::Interval(_) => "interval",
            Self::ArrayInt32(_) => "array-int32",
            Self::ArrayInt64(_) => "array-int64",
            Self::ArrayStr(_) => "array-str",
            Self::Text { ty, .. } => match *ty {
                Type::INT4_RANGE => "range-int32",
                Type::INT8_RANGE => "range-int64",
                Type::NUM_RANGE => "range-decimal",
                Type::NUMERIC_ARRAY => "array-decimal",
                _ => "decimal",
            },
        }
    }

    /// The SQL type that takes the value, for the advice in an error.
    fn sql_type(&self) -> &str {
        match self {
            Self::Null => "text",
            Self::Boolean(_) => "bool",
            Self::Int8(_) => "\"char\"",
            Self::Int16(_) => "int2",
            Self::Int32(_) => "int4",
            Self::Int64(_) => "int8",
            Self::Floating32(_) => "float4",
            Self::Floating64(_) => "float8",
            Self::Str(_) => "text",
            Self::Binary(_) => "bytea",
            Self::Date(_) => "date",
            Self::Time(_) => "time",
            Self::Datetime(_) => "timestamp",
            Self::Timestamp(_) => "timestamptz",
            Self::Uuid(_) => "uuid",
            Self::Json(_) => "jsonb",
            Self::Interval(_) => "interval",
            Self::ArrayInt32(_) => "int4[]",
            Self::ArrayInt64(_) => "int8[]",
            Self::ArrayStr(_) => "text[]",
            Self::Text { ty, .. } => ty.name(),
        }
    }
}

impl ToSql for Parameter {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Boolean(v) => return v.to_sql(ty, out),
            Self::Int8(v) => return v.to_sql(ty, out),
            Self::Int16(v) => return v.to_sql(ty, out),
            Self::Int32(v) => return v.to_sql(ty, out),
            Self::Int64(v) => return v.to_sql(ty, out),
            Self::Floating32(v) => return v.to_sql(ty, out),
            Self::Floating64(v) => return v.to_sql(ty, out),
            Self::Str(v) => return v.to_sql(ty, out),
            Self::Binary(v) => return v.to_sql(ty, out),
            Self::Date(v) => return v.to_sql(ty, out),
            Self::Time(v) => return v.to_sql(ty, out),
            Self::Datetime(v) => return v.to_sql(ty, out),
            Self::Timestamp(v) => return v.to_sql(ty, out),
            Self::Uuid(v) => return v.to_sql(ty, out),
            Self::ArrayInt32(v) => return v.to_sql(ty, out),
            Self::ArrayInt64(v) => return v.to_sql(ty, out),
            Self::ArrayStr(v) => return v.to_sql(ty, out),
            Self::Json(v) => {
                if *ty == Type::JSONB {
                    out.put_u8(super::result::JSONB_VERSION);
                }
                out.put_slice(v);
            }
            Self::Interval(v) => {
                out.put_i64(v.micros);
                out.put_i32(v.days);
                out.put_i32(v.months);
            }
            Self::Text { text, .. } => out.put_slice(text.as_bytes()),
        }
        Ok(IsNull::No)
    }

    /// [`check_types`] has seen the actual type.
    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        match self {
            Self::Text { .. } => Format::Text,
            _ => Format::Binary,
        }
    }

    fn to_sql_checked(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        self.to_sql(ty, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad(value: ParameterValue) -> String {
        match parameters(vec![ParameterValue::DbNull, value]) {
            Err(Error::BadParameter(reason)) => reason,
            other => panic!("expected bad-parameter, got {other:?}"),
        }
    }

    #[test]
    fn values_that_mean_nothing_are_refused_by_their_place_in_the_statement() {
        assert!(bad(ParameterValue::Uuid("x".into())).starts_with("parameter $2: invalid uuid"));
        assert!(bad(ParameterValue::Jsonb(b"{".to_vec())).contains("invalid JSON"));
        assert!(bad(ParameterValue::Decimal("1,5".into())).contains("invalid decimal"));
        assert!(bad(ParameterValue::Date((2026, 2, 30))).contains("invalid date 2026-2-30"));
        assert!(bad(ParameterValue::Time((25, 0, 0, 0))).contains("invalid time"));
        assert!(bad(ParameterValue::Timestamp(i64::MAX)).contains("invalid timestamp"));
        let injected = Some("1), NULL".to_owned());
        assert!(bad(ParameterValue::ArrayDecimal(vec![injected])).contains("invalid decimal"));
    }

    #[test]
    fn integer_widths_must_match_and_the_error_says_how_to_cast() {
        let values = parameters(vec![ParameterValue::Int32(1)]).unwrap();
        let Err(Error::BadParameter(reason)) = check_types(&values, &[Type::INT8]) else {
            panic!("an int32 must not pass as int8");
        };
        assert!(reason.contains("$1::int4::int8"), "{reason}");
        assert!(check_types(&values, &[Type::INT4]).is_ok());
    }

    #[test]
    fn strings_need_a_cast_where_spin_needs_one() {
        let values = parameters(vec![ParameterValue::Str("x".into())]).unwrap();
        assert!(check_types(&values, &[Type::UUID]).is_err());
        assert!(check_types(&values, &[Type::JSONB]).is_err());
        assert!(check_types(&values, &[Type::TEXT]).is_ok());
    }

    #[test]
    fn null_goes_anywhere_and_a_wrong_count_is_refused() {
        let values = parameters(vec![ParameterValue::DbNull]).unwrap();
        assert!(check_types(&values, &[Type::UUID]).is_ok());
        assert!(check_types(&values, &[]).is_err());
    }

    #[test]
    fn ranges_are_written_as_postgres_reads_them() {
        use RangeBoundKind::{Exclusive, Inclusive};
        assert_eq!(range(Some((1, Inclusive)), Some((5, Exclusive))), "[1,5)");
        assert_eq!(range(None, Some((-7, Inclusive))), "(,-7]");
        assert_eq!(range::<i32>(None, None), "(,)");
    }
}
