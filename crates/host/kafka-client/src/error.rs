//! What can go wrong, in words that say what to check.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// Why a request to Kafka failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The settings make no sense.
    #[error("{}", .0.join("\n"))]
    Settings(Vec<String>),
    /// No broker answers.
    #[error(
        "cannot reach Kafka at {brokers}: {detail}; check that a broker runs there, that the \
         address is right, and that no firewall is between"
    )]
    Unreachable {
        /// As in the settings.
        brokers: String,
        /// What the client saw.
        detail: String,
    },
    /// Something answers, but not in Kafka's protocol, or with TLS where none was expected.
    #[error(
        "Kafka at {brokers} does not speak as expected: {detail}; check `tls.enabled` and \
         `sasl.mechanism` against the listener of that port"
    )]
    Protocol {
        /// As in the settings.
        brokers: String,
        /// What the client saw.
        detail: String,
    },
    /// Certificates do not fit.
    #[error(
        "no TLS connection to Kafka at {brokers}: {detail}; check that the port is a TLS listener, \
         that `tls.ca` signed the broker's certificate, that the name in it is the one in \
         `brokers`, and that `tls.certificate` is one it accepts, if it asks for any"
    )]
    Tls {
        /// As in the settings.
        brokers: String,
        /// What the client saw.
        detail: String,
    },
    /// The broker refuses the credentials.
    #[error(
        "Kafka at {brokers} refused the credentials: {detail}; check `sasl.mechanism`, the name \
         and the password or client secret"
    )]
    Credentials {
        /// As in the settings.
        brokers: String,
        /// What the client saw.
        detail: String,
    },
    /// There is no token for the broker, for another reason than the credentials.
    #[error(
        "no token to authenticate with at {brokers}, from {detail}; check `sasl.token_endpoint`, \
         and that it can be reached from here"
    )]
    TokenEndpoint {
        /// As in the settings.
        brokers: String,
        /// Where it was asked for, and what the client saw.
        detail: String,
    },
    /// The broker accepts the credentials, but they lack the right.
    #[error("Kafka does not allow to {action}: {detail}; grant it with kafka-acls.sh")]
    Denied {
        /// What was asked.
        action: String,
        /// What the broker said.
        detail: String,
    },
    /// Topics that do not exist.
    #[error(
        "Kafka at {brokers} has no topic {}; create it: kafka-topics.sh --bootstrap-server \
         {brokers} --create --topic {} --partitions 3",
        list(.topics), .topics.first().map_or("", String::as_str)
    )]
    UnknownTopic {
        /// As in the settings.
        brokers: String,
        /// Which.
        topics: Vec<String>,
    },
    /// A file of the settings.
    #[error("{setting}: cannot read `{path}`: {error}")]
    File {
        /// Which setting names it.
        setting: &'static str,
        /// The file.
        path: String,
        /// Why not.
        error: String,
    },
    /// Anything else.
    #[error("cannot {action}: {detail}")]
    Other {
        /// What was asked.
        action: String,
        /// What the client said.
        detail: String,
    },
}

fn list(topics: &[String]) -> String {
    let quoted: Vec<_> = topics.iter().map(|topic| format!("`{topic}`")).collect();
    quoted.join(", ")
}

impl Error {
    /// Whether it may pass by itself, so that it is worth waiting and trying again.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::UnknownTopic { .. } | Self::TokenEndpoint { .. }
        )
    }

    pub(crate) fn other(action: impl Into<String>, error: &KafkaError) -> Self {
        let detail = match error {
            // Its text would show the value that was refused.
            KafkaError::ClientConfig(_, description, key, _) => format!("{key}: {description}"),
            error => error.to_string(),
        };
        Self::Other {
            action: action.into(),
            detail,
        }
    }

    /// Explains an error by what the client saw on its connections.
    pub(crate) fn explain(action: &str, brokers: &str, error: &KafkaError, seen: &[Seen]) -> Self {
        use RDKafkaErrorCode as Code;
        let brokers = brokers.to_owned();
        let last = |cause: Cause| seen.iter().rev().find(|seen| seen.cause == cause);
        let find = |code: Code| last(Cause::Code(code));
        if let Some(seen) = find(Code::Authentication) {
            let detail = seen.detail.clone();
            return Self::Credentials { brokers, detail };
        }
        if let Some(seen) = last(Cause::TokenEndpoint) {
            let detail = seen.detail.clone();
            return Self::TokenEndpoint { brokers, detail };
        }
        if let Some(seen) = find(Code::SSL) {
            let detail = seen.detail.clone();
            return Self::Tls { brokers, detail };
        }
        match error.rdkafka_error_code() {
            Some(Code::SaslAuthenticationFailed | Code::Authentication) => Self::Credentials {
                brokers,
                detail: error.to_string(),
            },
            Some(
                Code::TopicAuthorizationFailed
                | Code::GroupAuthorizationFailed
                | Code::ClusterAuthorizationFailed,
            ) => Self::Denied {
                action: action.to_owned(),
                detail: error.to_string(),
            },
            Some(
                Code::BrokerTransportFailure
                | Code::AllBrokersDown
                | Code::Resolve
                | Code::OperationTimedOut
                | Code::RequestTimedOut
                | Code::TimedOutQueue,
            ) => {
                let seen = find(Code::Resolve).or_else(|| find(Code::BrokerTransportFailure));
                match seen.map(|seen| seen.detail.clone()) {
                    Some(detail) if !detail.contains("security.protocol") => {
                        Self::Unreachable { brokers, detail }
                    }
                    Some(detail) => Self::Protocol { brokers, detail },
                    // No connection failed: TLS listeners leave plain words unanswered.
                    None => Self::Protocol {
                        brokers,
                        detail: "it accepts connections and does not answer".to_owned(),
                    },
                }
            }
            _ => Self::other(action, error),
        }
    }
}

/// An error that the client reported by itself.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub cause: Cause,
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    Code(RDKafkaErrorCode),
    /// It gave no token, and has not refused the credentials.
    TokenEndpoint,
}
