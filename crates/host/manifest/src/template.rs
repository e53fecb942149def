//! `{{ name }}` templates and the names of variables, by Spin's rules.

/// A string with `{{ variable }}` parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template<'a>(Vec<Part<'a>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    Literal(&'a str),
    Variable(&'a str),
}

impl<'a> Template<'a> {
    /// # Errors
    /// When a `{{` is not closed. What stands between the braces is not checked here.
    pub fn parse(text: &'a str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once("{{") {
            if !literal.is_empty() {
                parts.push(Part::Literal(literal));
            }
            let (name, after) = after
                .split_once("}}")
                .ok_or_else(|| "a `{{` has no `}}` behind it".to_owned())?;
            parts.push(Part::Variable(name.trim()));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest));
        }
        Ok(Self(parts))
    }

    pub fn parts(&self) -> impl Iterator<Item = Part<'a>> {
        self.0.iter().copied()
    }

    pub fn variables(&self) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(*name),
            Part::Literal(_) => None,
        })
    }

    pub fn is_literal(&self) -> bool {
        self.variables().next().is_none()
    }
}

/// A variable's name: lower-case words of letters and digits, joined by single underscores, so
/// that it can become the name of an environment variable and back.
pub(crate) fn check_variable_name(name: &str) -> Result<(), String> {
    let reason = if name.is_empty() {
        "it is empty"
    } else if name
        .chars()
        .any(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
    {
        "only lower-case letters, digits and underscores are allowed"
    } else if !name
        .split('_')
        .all(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
    {
        "each word between underscores must start with a letter"
    } else {
        return Ok(());
    };
    Err(format!("`{name}` is not a variable name: {reason}"))
}

/// A component's id: words of letters and digits, joined by dashes.
pub(crate) fn check_component_id(id: &str) -> Result<(), String> {
    let words_are_fine = id.split('-').all(|word| {
        let same_case = word.bytes().all(|b| !b.is_ascii_uppercase())
            || word.bytes().all(|b| !b.is_ascii_lowercase());
        word.starts_with(|c: char| c.is_ascii_alphabetic())
            && word.bytes().all(|b| b.is_ascii_alphanumeric())
            && same_case
    });
    if words_are_fine {
        return Ok(());
    }
    Err(format!(
        "`{id}` is not a component id: write words of letters and digits with dashes between \
         them, as in `record-audit`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_literals_and_variables_in_turn() {
        let template = Template::parse("a-{{ x }}{{y}}-b").unwrap();
        let parts: Vec<_> = template.parts().collect();
        assert_eq!(
            parts,
            [
                Part::Literal("a-"),
                Part::Variable("x"),
                Part::Variable("y"),
                Part::Literal("-b")
            ]
        );
        assert!(!template.is_literal());
        assert!(Template::parse("}} is literal").unwrap().is_literal());
        assert_eq!(Template::parse("").unwrap().parts().count(), 0);
    }

    #[test]
    fn an_open_brace_pair_is_refused() {
        assert!(Template::parse("{{ a }} {{ b").is_err());
    }

    #[test]
    fn variable_names_follow_the_rules_of_spin() {
        for good in ["a", "database_url", "key2", "a1_b2"] {
            check_variable_name(good).unwrap();
        }
        for bad in ["", "A", "a-b", "_a", "a_", "a__b", "1a", "a_1", "ä", "a b"] {
            check_variable_name(bad).unwrap_err();
        }
    }

    #[test]
    fn component_ids_are_kebab_case() {
        for good in ["a", "record-audit", "HTTP-server2"] {
            check_component_id(good).unwrap();
        }
        for bad in ["", "-", "a_b", "a--b", "2a", "aB", "../x", "a/b"] {
            check_component_id(bad).unwrap_err();
        }
    }
}
