//! What is searched, and for what: a task is found by a text that holds every word, anywhere.

use super::fold;

/// The most words of a search; each costs the database.
pub const MAX_WORDS: usize = 20;

/// What a search looks through, of texts such as title, tags and description in the order of their
/// weight. They stand on lines of their own: a folded word has no line break, so it is never found
/// across two of them.
pub fn search_text<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let folded: Vec<String> = texts.into_iter().map(fold).collect();
    folded.join("\n")
}

/// The words of a search, folded, none twice; words in double quotes belong together. None at all when
/// a reader would see nothing.
///
/// # Errors
/// With a message for the user.
pub fn search_words(text: &str) -> Result<Vec<String>, String> {
    let mut words: Vec<String> = Vec::new();
    for (index, part) in text.split(['"', '“', '”', '„']).enumerate() {
        let is_quoted = index % 2 == 1;
        let found = if is_quoted {
            vec![fold(part)]
        } else {
            part.split_whitespace().map(fold).collect()
        };
        for word in found {
            if !word.is_empty() && !words.contains(&word) {
                if words.len() == MAX_WORDS {
                    return Err(format!("must be at most {MAX_WORDS} words"));
                }
                words.push(word);
            }
        }
    }
    Ok(words)
}
