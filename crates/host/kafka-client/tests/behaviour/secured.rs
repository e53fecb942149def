//! A broker of our own, with a listener for each way to encrypt and to authenticate.

use std::sync::{Arc, Weak};

use kafka_broker::{Listener, Options, ScramUser};
use kafka_client::Connection;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use testing::OwnBroker;
use tokio::sync::Mutex;

pub const PASSWORD: &str = "alice-secret";

pub struct Secured {
    broker: OwnBroker,
    /// Signed the broker's certificate.
    pub ca: String,
    /// Signs certificates of clients.
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
pub struct Identity {
    pub certificate: String,
    pub key: String,
}

/// One for all tests that run at the same time; `None`, with a line that says why, where none can run.
pub async fn secured() -> Option<Arc<Secured>> {
    static SHARED: Mutex<Weak<Secured>> = Mutex::const_new(Weak::new());
    let mut shared = SHARED.lock().await;
    if let Some(secured) = shared.upgrade() {
        return Some(secured);
    }
    let secured = Arc::new(start().await?);
    *shared = Arc::downgrade(&secured);
    Some(secured)
}

async fn start() -> Option<Secured> {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let own = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let ca = own.cert.pem();
    let (issuer, issuer_certificate) = issuer();
    let key = own.signing_key.serialize_pem();
    let broker = OwnBroker::start_with(|options| {
        configure(options, &ca, &key, &issuer_certificate);
    });
    let broker = broker.await?;
    Some(Secured { broker, ca, issuer })
}

fn configure(options: &mut Options, certificate: &str, key: &str, clients: &str) {
    let listener = |name: &str, protocol: &str| Listener {
        name: name.to_owned(),
        protocol: protocol.to_owned(),
    };
    let user = |mechanism: &str| ScramUser {
        mechanism: mechanism.to_owned(),
        name: "alice".to_owned(),
        password: PASSWORD.to_owned(),
    };
    options.listeners = vec![
        listener("TLS", "SSL"),
        listener("MUTUAL", "SSL"),
        listener("SASL", "SASL_PLAINTEXT"),
        listener("TOKEN", "SASL_PLAINTEXT"),
        listener("BOTH", "SASL_SSL"),
    ];
    options.scram_users = vec![user("SCRAM-SHA-256"), user("SCRAM-SHA-512")];
    let module = |name: &str, rest: &str| {
        format!("org.apache.kafka.common.security.{name}LoginModule required{rest};")
    };
    let mut set = |name: &str, value: &str| {
        options.properties.push((name.to_owned(), value.to_owned()));
    };
    set("ssl.keystore.type", "PEM");
    set("ssl.keystore.certificate.chain", certificate);
    set("ssl.keystore.key", key);
    set("ssl.truststore.type", "PEM");
    set("ssl.truststore.certificates", clients);
    set("listener.name.mutual.ssl.client.auth", "required");
    let user = format!(" user_alice=\"{PASSWORD}\"");
    for name in ["sasl", "both"] {
        set(
            &format!("listener.name.{name}.sasl.enabled.mechanisms"),
            "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
        );
        set(
            &format!("listener.name.{name}.plain.sasl.jaas.config"),
            &module("plain.Plain", &user),
        );
        for mechanism in ["scram-sha-256", "scram-sha-512"] {
            set(
                &format!("listener.name.{name}.{mechanism}.sasl.jaas.config"),
                &module("scram.Scram", ""),
            );
        }
    }
    // Believes tokens that nobody signed.
    set("listener.name.token.sasl.enabled.mechanisms", "OAUTHBEARER");
    set(
        "listener.name.token.oauthbearer.sasl.jaas.config",
        &module(
            "oauthbearer.OAuthBearer",
            " unsecuredLoginStringClaim_sub=\"broker\"",
        ),
    );
}

/// Who signs certificates of clients, and its own certificate.
fn issuer() -> (Issuer<'static, KeyPair>, String) {
    let mut params = CertificateParams::new(Vec::new()).expect("valid");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    (Issuer::new(params, key), certificate.pem())
}

impl Secured {
    pub fn connection(&self, listener: &str) -> Connection {
        Connection::plain(self.broker.broker().address(listener).expect("a listener"))
    }

    /// One that the broker knows.
    pub fn identity(&self) -> Identity {
        let params = CertificateParams::new(vec!["alice".to_owned()]).expect("valid");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        Identity {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}
