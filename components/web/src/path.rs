//! What a request path stands for. Only plain names get through: no path leaves the folder.

use std::borrow::Cow;

/// The page that routes everything which is no file.
pub const INDEX: &str = "index.html";
/// Addresses of the API and the host: an unknown one is an error, not a page.
const NOT_PAGES: [&str; 5] = ["api", "calendar", "health", "mcp", "ws"];
/// Compressed variants are chosen by `Accept-Encoding`, never by name.
const VARIANTS: [&str; 2] = [".br", ".gz"];

/// What to serve.
#[derive(Debug, PartialEq, Eq)]
pub enum Target {
    /// This file or nothing.
    File(String),
    /// This file, else the page of this folder, else the application's.
    Page(String),
    /// Nothing.
    None,
}

/// Decide on a request's path.
pub fn target(path: &str) -> Target {
    let path = path.strip_prefix('/').unwrap_or(path);
    if path.is_empty() {
        return Target::File(INDEX.to_owned());
    }
    let mut names = Vec::new();
    // A trailing slash is the same page.
    for segment in path.strip_suffix('/').unwrap_or(path).split('/') {
        match plain_name(segment) {
            Some(name) => names.push(name),
            None => return Target::None,
        }
    }
    let is_page = names
        .first()
        .is_some_and(|first| !NOT_PAGES.contains(&first.as_ref()));
    let last = names.last().map_or("", |last| last.as_ref());
    let is_file = last.contains('.');
    let is_variant = VARIANTS.iter().any(|suffix| last.ends_with(suffix));
    let name = names.join("/");
    match () {
        () if is_variant => Target::None,
        () if is_file => Target::File(name),
        () if is_page => Target::Page(name),
        () => Target::None,
    }
}

/// The decoded segment, if it can only be the name of a file here: no `..`, no hidden file, no
/// separator that was percent-encoded.
fn plain_name(segment: &str) -> Option<Cow<'_, str>> {
    let name = http_api::path::decode(segment)?;
    let is_plain = !name.is_empty()
        && !name.starts_with('.')
        && !name.contains(['/', '\\', ':'])
        && !name.contains(char::is_control);
    is_plain.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> Target {
        Target::File(name.to_owned())
    }

    #[test]
    fn a_path_with_an_extension_is_a_file_and_any_other_may_be_a_page() {
        assert_eq!(target("/"), file("index.html"));
        assert_eq!(target("/assets/app-1a2b.js"), file("assets/app-1a2b.js"));
        assert_eq!(target("/settings"), Target::Page("settings".to_owned()));
        assert_eq!(target("/tags/home/"), Target::Page("tags/home".to_owned()));
        assert_eq!(target("/a%20b.txt"), file("a b.txt"));
        assert_eq!(target("/a+b%3Dc.txt"), file("a+b=c.txt"));
    }

    #[test]
    fn an_unknown_api_address_is_no_page() {
        for path in [
            "/api",
            "/api/",
            "/api/me/nothing",
            "/ws",
            "/health/x",
            "/mcp",
        ] {
            assert_eq!(target(path), Target::None, "{path}");
        }
        assert_eq!(target("/apiary"), Target::Page("apiary".to_owned()));
    }

    #[test]
    fn no_path_leads_out_of_the_folder_or_to_a_hidden_file() {
        for path in [
            "/../etc/passwd",
            "/%2e%2e/etc/passwd",
            "/..%2fetc/passwd",
            "/assets/..%5c..%5cx",
            "/.env",
            "/assets/.git/config",
            "//etc/passwd",
            "/a//b",
            "/c:/windows",
            "/a%00.js",
            "/%ff",
        ] {
            assert_eq!(target(path), Target::None, "{path}");
        }
    }

    #[test]
    fn a_compressed_variant_has_no_address_of_its_own() {
        assert_eq!(target("/assets/app.js.br"), Target::None);
        assert_eq!(target("/assets/app.js.gz"), Target::None);
    }
}
