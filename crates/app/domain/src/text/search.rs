//! What is searched, for what, and how well it was found: a task is found when it holds every word,
//! anywhere.

use super::fold;

/// The most words of a search; each costs the database.
pub const MAX_WORDS: usize = 20;

/// What a search looks through, of texts such as tags and description. They stand on lines of their own: a
/// folded word has no line break, so it is never found across two of them.
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

/// How well a word was found in a task of this folded title, less being better: the title begins with it,
/// a word of the title does, the title holds it, or only the rest of the task does.
pub fn search_rank(title: &str, word: &str) -> i32 {
    if title.starts_with(word) {
        0
    } else if title.contains(&format!(" {word}")) {
        1
    } else if title.contains(word) {
        2
    } else {
        3
    }
}
