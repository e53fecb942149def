//! What people type: e-mail address, password, name, time zone.

use http_api::{Field, Fields};
use operations::accounts;

pub const MIN_PASSWORD_CHARS: usize = 8;
pub const MAX_PASSWORD_CHARS: usize = 200;

/// A required, plausible e-mail address, without blanks around it.
pub fn email(fields: &mut Fields) -> String {
    let given = fields.required_string("email");
    if fields.is_wrong("email") {
        return given;
    }
    accounts::email(&given).unwrap_or_else(|message| {
        fields.violation("email", message);
        given
    })
}

/// A required new password.
pub fn new_password(fields: &mut Fields, name: &str) -> String {
    let password = fields.required_string(name);
    let length = password.chars().count();
    if !fields.is_wrong(name) && !(MIN_PASSWORD_CHARS..=MAX_PASSWORD_CHARS).contains(&length) {
        fields.violation(
            name,
            format!("must have {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters"),
        );
    }
    password
}

/// A required password that exists already: any length that can be one.
pub fn password(fields: &mut Fields, name: &str) -> String {
    let password = fields.required_string(name);
    if password.chars().count() > MAX_PASSWORD_CHARS {
        fields.violation(
            name,
            format!("must have at most {MAX_PASSWORD_CHARS} characters"),
        );
    }
    password
}

/// An optional name, without blanks around it.
pub fn name(fields: &mut Fields) -> Field<String> {
    optional(fields, "name", accounts::name)
}

/// An optional IANA time zone.
pub fn time_zone(fields: &mut Fields) -> Field<String> {
    optional(fields, "time_zone", accounts::time_zone)
}

fn optional(
    fields: &mut Fields,
    name: &str,
    check: fn(&str) -> Result<String, String>,
) -> Field<String> {
    let field = fields.string(name);
    let Field::Value(text) = &field else {
        return field;
    };
    check(text).map_or_else(
        |message| {
            fields.violation(name, message);
            Field::Absent
        },
        Field::Value,
    )
}
