//! Text as people write it: one normal form when it comes in, and keys by which two spellings are the
//! same. What is stored and shown is always what was written; keys are only compared, searched, sorted.

mod characters;
mod compared;
mod email;
mod fold;
mod input;
mod search;
mod sort;

pub use compared::Compared;
pub use email::email_key;
pub use fold::{distinct, fold, key};
pub use input::{clean, is_blank, line, paragraphs};
pub use search::{MAX_WORDS, search_rank, search_text, search_words};
pub use sort::{MAX_SORT_KEY_BYTES, sort_key};
