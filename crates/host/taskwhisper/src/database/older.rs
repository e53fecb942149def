//! A database whose schema was made by an older version of this program. Before the first release
//! migrations are rewritten in place, so no way leads from there to here.

/// What the database has that this program cannot go on from. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[error(
    "the database `{database}` at {place} has the schema of an older version, and this version \
     cannot go on from there: {}. Nothing was changed.\n\
     To begin anew, replace it by an empty one, which deletes everything in it. Connected to another \
     database of that server, run\n  \
     DROP DATABASE {} WITH (FORCE);\n  CREATE DATABASE {};",
    differences(.changed, .gone), quoted(.database), quoted(.database)
)]
pub struct OlderSchema {
    /// Its name.
    pub database: String,
    /// `host:port`.
    pub place: String,
    /// Migrations that read differently today.
    pub changed: Vec<String>,
    /// Migrations that are no more.
    pub gone: Vec<String>,
}

fn differences(changed: &[String], gone: &[String]) -> String {
    let parts = [
        ("was rewritten since", changed),
        ("does not exist any more", gone),
    ];
    let parts = parts.iter().filter_map(|(what, migrations)| {
        let first = migrations.first()?;
        let others = match migrations.len() - 1 {
            0 => String::new(),
            others => format!(" (and {others} more)"),
        };
        Some(format!("its migration {first}{others} {what}"))
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// As SQL names it.
fn quoted(database: &str) -> String {
    format!("\"{}\"", database.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_what_differs_and_how_to_begin_anew() {
        let error = OlderSchema {
            database: "my \"tasks\"".into(),
            place: "localhost:5432".into(),
            changed: vec!["1 create a".into(), "2 create b".into()],
            gone: vec!["3 grant c".into()],
        };
        let text = error.to_string();
        for part in [
            "at localhost:5432",
            "1 create a (and 1 more) was rewritten since",
            "3 grant c does not exist any more",
            "Nothing was changed",
            "CREATE DATABASE \"my \"\"tasks\"\"\"",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
