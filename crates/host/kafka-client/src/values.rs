//! Values of a manifest that come from variables: always text, and empty if nobody set them.

use std::fmt;

use serde::{Deserialize, Deserializer};

/// Text that is never shown.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether nobody set it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "unset" } else { "hidden" })
    }
}

/// On or off, or left to what else is set: `true`, `"true"`, `"{{ variable }}"`, `""`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switch(pub Option<bool>);

impl<'de> Deserialize<'de> for Switch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Bool(bool),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Bool(on) => Ok(Self(Some(on))),
            Form::Text(text) => match text.trim() {
                "" => Ok(Self(None)),
                "true" => Ok(Self(Some(true))),
                "false" => Ok(Self(Some(false))),
                _ => Err(serde::de::Error::custom(format!(
                    "`{text}` is neither true nor false"
                ))),
            },
        }
    }
}
