//! Connection settings, as in `[application.trigger.kafka]`. Every value may come from a variable, so
//! empty text means that nobody set it.

use serde::Deserialize;

use crate::values::{Secret, Switch};

/// Where the brokers are, and how to speak to them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Connection {
    /// `host:port`, several separated by commas. Empty: there is no Kafka.
    pub brokers: String,
    /// Encryption.
    pub tls: Tls,
    /// Authentication.
    pub sasl: Sasl,
}

/// `tls = { .. }`. On when `enabled` says so, or when it is left out and anything else is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// `"true"` or `"false"`.
    pub enabled: Switch,
    /// Certificates to trust: PEM, or a file of it. Empty: those of the system.
    pub ca: String,
    /// The client's certificate: PEM, or a file of it.
    pub certificate: String,
    /// Its key: PEM, or a file of it.
    pub key: Secret,
    /// The key's password.
    pub key_password: Secret,
    /// `"false"`: any name in the broker's certificate will do.
    pub verify_hostname: Switch,
}

/// `sasl = { .. }`. On when there is a mechanism.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sasl {
    /// `PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` or `OAUTHBEARER`; empty: none.
    pub mechanism: Mechanism,
    /// For PLAIN and SCRAM.
    pub username: String,
    /// For PLAIN and SCRAM.
    pub password: Secret,
    /// For OAUTHBEARER: where tokens are got with client credentials.
    pub token_endpoint: String,
    /// For OAUTHBEARER.
    pub client_id: String,
    /// For OAUTHBEARER.
    pub client_secret: Secret,
    /// For OAUTHBEARER: what to ask for.
    pub scope: String,
    /// For OAUTHBEARER: `name=value`, several separated by commas.
    pub extensions: String,
}

/// How to authenticate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Mechanism {
    /// Not at all, or by the TLS certificate.
    #[default]
    #[serde(rename = "")]
    None,
    /// Name and password, as they are.
    #[serde(rename = "PLAIN")]
    Plain,
    /// A proof of the password.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// A proof of the password.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
    /// A token got with OpenID Connect client credentials.
    #[serde(rename = "OAUTHBEARER")]
    OAuthBearer,
}

impl Mechanism {
    /// Its name in the protocol.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Plain => Some("PLAIN"),
            Self::ScramSha256 => Some("SCRAM-SHA-256"),
            Self::ScramSha512 => Some("SCRAM-SHA-512"),
            Self::OAuthBearer => Some("OAUTHBEARER"),
        }
    }
}

impl Tls {
    /// Whether connections are encrypted.
    pub fn is_on(&self) -> bool {
        let set = !self.ca.is_empty() || !self.certificate.is_empty() || !self.key.is_empty();
        self.enabled.0.unwrap_or(set)
    }
}

impl Connection {
    /// Brokers without encryption and authentication.
    pub fn plain(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            ..Self::default()
        }
    }

    /// Whether there is a Kafka to talk to.
    pub fn is_set(&self) -> bool {
        !self.brokers.trim().is_empty()
    }

    /// What is wrong with it, in words for the manifest's author; names settings, never secrets.
    pub fn violations(&self) -> Vec<String> {
        let mut violations = Vec::new();
        let mut need = |is_wrong: bool, what: &str| {
            if is_wrong {
                violations.push(what.to_owned());
            }
        };
        if self.is_set() {
            for broker in self.brokers.split(',').map(str::trim) {
                let port = broker.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
                need(
                    !matches!(port, Some(Ok(1..))) || broker.contains('/'),
                    &format!("brokers: `{broker}` is not host:port"),
                );
            }
        }
        let tls = &self.tls;
        need(
            tls.certificate.is_empty() != tls.key.is_empty(),
            "tls.certificate and tls.key belong together: set both or neither",
        );
        let sasl = &self.sasl;
        match sasl.mechanism {
            Mechanism::None => need(
                !sasl.username.is_empty() || !sasl.client_id.is_empty(),
                "sasl.mechanism must be set to PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or \
                 OAUTHBEARER for the credentials to be used",
            ),
            Mechanism::OAuthBearer => {
                let url = &sasl.token_endpoint;
                need(
                    !url.starts_with("https://") && !url.starts_with("http://"),
                    "sasl.token_endpoint must be the http(s) URL tokens are got from",
                );
                need(sasl.client_id.is_empty(), "sasl.client_id must be set");
                need(
                    sasl.client_secret.is_empty(),
                    "sasl.client_secret must be set",
                );
            }
            Mechanism::Plain | Mechanism::ScramSha256 | Mechanism::ScramSha512 => {
                need(sasl.username.is_empty(), "sasl.username must be set");
                need(sasl.password.is_empty(), "sasl.password must be set");
            }
        }
        violations
    }
}

#[cfg(test)]
mod tests;
