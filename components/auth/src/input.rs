//! What people type: e-mail address, password, name, time zone.

use http_api::{Field, Fields};

pub const MIN_PASSWORD_CHARS: usize = 8;
pub const MAX_PASSWORD_CHARS: usize = 200;
const MAX_NAME_CHARS: usize = 200;
/// RFC 5321 section 4.5.3.1, without the angle brackets.
const MAX_EMAIL_BYTES: usize = 254;
const MAX_LOCAL_PART_BYTES: usize = 64;

/// A required, plausible e-mail address, without blanks around it.
pub fn email(fields: &mut Fields) -> String {
    let email = fields.required_string("email").trim().to_owned();
    if !fields.is_wrong("email") && !is_email(&email) {
        fields.violation("email", "must be an e-mail address such as ada@example.com");
    }
    email
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
    let name = fields.string("name");
    let Field::Value(text) = name else {
        return name;
    };
    let text = text.trim().to_owned();
    if text.chars().count() > MAX_NAME_CHARS || text.chars().any(char::is_control) {
        fields.violation(
            "name",
            format!("must be one line of at most {MAX_NAME_CHARS} characters"),
        );
    }
    Field::Value(text)
}

/// An optional IANA time zone.
pub fn time_zone(fields: &mut Fields) -> Field<String> {
    let zone = fields.string("time_zone");
    if let Field::Value(text) = &zone
        && let Err(message) = domain::time::parse_zone(text)
    {
        fields.violation("time_zone", message);
    }
    zone
}

/// The dot-atom form that mail providers give out; quoted local parts and address literals are not
/// taken.
fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else {
        return false;
    };
    let local_ok = (1..=MAX_LOCAL_PART_BYTES).contains(&local.len())
        && local.split('.').all(|atom| !atom.is_empty())
        && local
            .chars()
            .all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c));
    let labels: Vec<&str> = host.split('.').collect();
    let host_ok = labels.len() >= 2
        && labels.iter().all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        });
    text.len() <= MAX_EMAIL_BYTES && local_ok && host_ok
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_mistakes() {
        for good in [
            "ada@example.com",
            "a.b+c@mail.example.co.uk",
            "josé@exämple.de",
            "x@1.io",
        ] {
            assert!(is_email(good), "{good}");
        }
        let long = format!("{}@example.com", "a".repeat(65));
        for bad in [
            "",
            "ada",
            "ada@",
            "@example.com",
            "ada@example",
            "a b@example.com",
            "a@b@example.com",
            "a..b@example.com",
            ".a@example.com",
            "ada@-example.com",
            "ada@example..com",
            &long,
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
