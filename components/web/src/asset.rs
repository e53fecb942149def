//! A file with its compressed variants and its hash, read once per instance.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::rc::Rc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::encoding::Encoding;

/// Files kept in memory, in bytes; past it files are read again for each request.
const MAX_KEPT_BYTES: usize = 16 * 1024 * 1024;

/// A file that can be served.
#[derive(Debug)]
pub struct Asset {
    /// Relative to the root, for example `assets/app-1a2b.js`.
    pub name: String,
    identity: Bytes,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
    /// Of the content, in hexadecimal.
    pub hash: String,
}

impl Asset {
    /// Its content in this encoding, where the build made it.
    pub fn content(&self, encoding: Encoding) -> Option<&Bytes> {
        match encoding {
            Encoding::Brotli => self.brotli.as_ref(),
            Encoding::Gzip => self.gzip.as_ref(),
            Encoding::Identity => Some(&self.identity),
        }
    }

    /// Whether the content depends on `Accept-Encoding`.
    pub fn varies(&self) -> bool {
        self.brotli.is_some() || self.gzip.is_some()
    }

    fn size(&self) -> usize {
        let variants = [
            Some(&self.identity),
            self.brotli.as_ref(),
            self.gzip.as_ref(),
        ];
        variants.into_iter().flatten().map(Bytes::len).sum()
    }
}

#[derive(Default)]
struct Kept {
    assets: HashMap<String, Rc<Asset>>,
    bytes: usize,
}

thread_local! {
    static KEPT: RefCell<Kept> = RefCell::default();
}

/// The file of this name below `root`; `None` if there is none.
pub fn load(root: &Path, name: &str) -> io::Result<Option<Rc<Asset>>> {
    if let Some(asset) = KEPT.with_borrow(|kept| kept.assets.get(name).cloned()) {
        return Ok(Some(asset));
    }
    let Some(asset) = read(root, name)? else {
        return Ok(None);
    };
    let asset = Rc::new(asset);
    KEPT.with_borrow_mut(|kept| {
        if kept.bytes + asset.size() <= MAX_KEPT_BYTES {
            kept.bytes += asset.size();
            kept.assets.insert(name.to_owned(), asset.clone());
        }
    });
    Ok(Some(asset))
}

fn read(root: &Path, name: &str) -> io::Result<Option<Asset>> {
    let Some(identity) = read_file(root, name)? else {
        return Ok(None);
    };
    let digest = Sha256::digest(&identity);
    Ok(Some(Asset {
        name: name.to_owned(),
        hash: digest
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        identity,
        brotli: read_file(root, &format!("{name}.br"))?,
        gzip: read_file(root, &format!("{name}.gz"))?,
    }))
}

fn read_file(root: &Path, name: &str) -> io::Result<Option<Bytes>> {
    let path = root.join(name);
    if !path.is_file() {
        return Ok(None);
    }
    std::fs::read(path).map(|content| Some(content.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_comes_with_the_variants_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a.css"), "body {}").expect("written");
        std::fs::write(folder.path().join("a.css.br"), "small").expect("written");
        let asset = load(folder.path(), "a.css")
            .expect("readable")
            .expect("there");
        assert_eq!(asset.content(Encoding::Identity).expect("there"), "body {}");
        assert_eq!(asset.content(Encoding::Brotli).expect("there"), "small");
        assert!(asset.content(Encoding::Gzip).is_none());
        assert!(asset.varies());
        assert_eq!(asset.hash.len(), 32);
    }

    #[test]
    fn a_folder_or_a_missing_file_is_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("assets")).expect("made");
        assert!(load(folder.path(), "assets").expect("readable").is_none());
        assert!(load(folder.path(), "b.css").expect("readable").is_none());
    }
}
