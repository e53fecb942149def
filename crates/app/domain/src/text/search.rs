//! What is searched, for what, and how well it was found: a task is found when every word stands in it,
//! anywhere.

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

/// How well words were found in a [`search_text`], less being better: best is a title that begins with
/// each of them, then one where a word begins with it, then one that holds it; after the title the same
/// for the texts that follow. Only for a text that was found.
pub fn search_rank(search_text: &str, words: &[String]) -> i32 {
    let (title, rest) = search_text.split_once('\n').unwrap_or((search_text, ""));
    let rank = |word: &String| {
        if title.starts_with(word) {
            0
        } else if begins_a_word(title, word) {
            1
        } else if title.contains(word) {
            2
        } else if rest
            .split('\n')
            .any(|text| text.starts_with(word) || begins_a_word(text, word))
        {
            3
        } else {
            4
        }
    };
    words.iter().map(rank).sum()
}

fn begins_a_word(text: &str, word: &str) -> bool {
    text.contains(&format!(" {word}"))
}
