//! The user's own account, and what may stand in one. Signing up and in is the component `auth`'s: it
//! alone reaches what proves who somebody is.

use crate::{Context, Error, Violations};
use domain::time::parse_zone;
use store::{Database, auth};

pub use store::auth::Origin;

const MAX_NAME_CHARS: usize = 200;
/// RFC 5321 section 4.5.3.1, without the angle brackets.
const MAX_EMAIL_BYTES: usize = 254;
const MAX_LOCAL_PART_BYTES: usize = 64;

/// What is changed of an account; `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// One line; may be empty.
    pub name: Option<String>,
    /// IANA name.
    pub time_zone: Option<String>,
}

/// The account as its owner sees it, JSON.
///
/// # Errors
/// When it is gone, or the database fails.
pub async fn read(context: &Context<impl Database>) -> Result<String, Error> {
    let account = auth::read_user(&context.db, context.user_id()).await?;
    account.ok_or(Error::AccountGone)
}

/// Changes the account; its JSON. Needs a database role that may write accounts: that of `auth`.
///
/// # Errors
/// When the input is wrong, the account is gone or the database fails.
pub async fn change(
    context: &Context<impl Database>,
    changes: Changes,
    origin: &Origin,
) -> Result<String, Error> {
    let mut wrong = Violations::default();
    let mut checked = |field: &str, given: Option<String>, check: Check| {
        let result = check(given.as_deref()?);
        result.map_err(|message| wrong.add(field, message)).ok()
    };
    let name = checked("name", changes.name, name);
    let zone = checked("time_zone", changes.time_zone, time_zone);
    wrong.into_result(()).map_err(Error::Invalid)?;
    let account = auth::update_user(&context.db, context.user_id(), name, zone, origin);
    account.await?.ok_or(Error::AccountGone)
}

type Check = fn(&str) -> Result<String, String>;

/// A name, without blanks around it.
///
/// # Errors
/// With a message for the user.
pub fn name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
        return Err(format!(
            "must be one line of at most {MAX_NAME_CHARS} characters"
        ));
    }
    Ok(name.to_owned())
}

/// The name of a time zone.
///
/// # Errors
/// With a message for the user.
pub fn time_zone(text: &str) -> Result<String, String> {
    parse_zone(text).map(|_| text.to_owned())
}

/// A plausible e-mail address, without blanks around it.
///
/// # Errors
/// With a message for the user.
pub fn email(text: &str) -> Result<String, String> {
    let email = text.trim();
    if is_email(email) {
        Ok(email.to_owned())
    } else {
        Err("must be an e-mail address such as ada@example.com".into())
    }
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
