//! What must be so for a change to be made.

use crate::Error;

/// The versions that a change may start from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Whatever is there: the change is made on what others left.
    #[default]
    None,
    /// One of these; else [`Error::PreconditionFailed`].
    Versions(Vec<i32>),
}

impl Precondition {
    pub(crate) fn versions(&self) -> Option<&[i32]> {
        match self {
            Self::None => None,
            Self::Versions(versions) => Some(versions),
        }
    }

    pub(crate) fn check(&self, version: i32) -> Result<(), Error> {
        match self {
            Self::Versions(versions) if !versions.contains(&version) => {
                Err(Error::PreconditionFailed)
            }
            _ => Ok(()),
        }
    }
}
