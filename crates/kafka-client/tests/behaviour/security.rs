//! Encryption and authentication, on a broker of our own that asks for both.

use kafka_broker::{Broker, Listener, Options, ScramUser};
use kafka_client::{Cluster, Connection, Error, Mechanism, Secret, Switch};

const PASSWORD: &str = "alice-secret";

struct Secured {
    broker: Broker,
    ca: String,
    _folder: tempfile::TempDir,
}

fn secured() -> Option<Secured> {
    let libs = match kafka_broker::libs_for_tests() {
        Ok(libs) => libs,
        Err(missing) => {
            println!("skipped: {missing}");
            return None;
        }
    };
    let folder = tempfile::tempdir().expect("a folder");
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let own = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let ca = own.cert.pem();
    let listener = |name: &str, protocol: &str| Listener {
        name: name.to_owned(),
        protocol: protocol.to_owned(),
    };
    let user = |mechanism: &str| ScramUser {
        mechanism: mechanism.to_owned(),
        name: "alice".to_owned(),
        password: PASSWORD.to_owned(),
    };
    let mut options = Options::new(libs, folder.path());
    options.listeners = vec![
        listener("TLS", "SSL"),
        listener("SASL", "SASL_PLAINTEXT"),
        listener("BOTH", "SASL_SSL"),
    ];
    options.scram_users = vec![user("SCRAM-SHA-256"), user("SCRAM-SHA-512")];
    let scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;";
    let plain = format!(
        "org.apache.kafka.common.security.plain.PlainLoginModule required user_alice=\"{PASSWORD}\";"
    );
    let mut set = |name: &str, value: &str| {
        options.properties.push((name.to_owned(), value.to_owned()));
    };
    set("ssl.keystore.type", "PEM");
    set("ssl.keystore.certificate.chain", &ca);
    set("ssl.keystore.key", &own.signing_key.serialize_pem());
    set(
        "sasl.enabled.mechanisms",
        "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    );
    for name in ["sasl", "both"] {
        set(
            &format!("listener.name.{name}.plain.sasl.jaas.config"),
            &plain,
        );
        for mechanism in ["scram-sha-256", "scram-sha-512"] {
            set(
                &format!("listener.name.{name}.{mechanism}.sasl.jaas.config"),
                scram,
            );
        }
    }
    let broker = Broker::start(options).expect("a broker");
    Some(Secured {
        broker,
        ca,
        _folder: folder,
    })
}

impl Secured {
    fn connection(&self, listener: &str) -> Connection {
        Connection::plain(self.broker.address(listener).expect("a listener"))
    }
}

fn login(connection: &mut Connection, mechanism: Mechanism, password: &str) {
    connection.sasl.mechanism = mechanism;
    connection.sasl.username = "alice".to_owned();
    connection.sasl.password = Secret::from(password);
}

async fn check(connection: &Connection) -> Result<(), Error> {
    Cluster::new(connection)?.check(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_are_reached_as_their_listeners_ask_and_mistakes_are_told_apart() {
    let Some(secured) = secured() else { return };
    const MECHANISMS: [Mechanism; 3] = [
        Mechanism::Plain,
        Mechanism::ScramSha256,
        Mechanism::ScramSha512,
    ];

    let mut tls = secured.connection("TLS");
    let error = check(&tls)
        .await
        .expect_err("plain words to a TLS listener");
    assert!(matches!(error, Error::Protocol { .. }), "{error:?}");
    tls.tls.enabled = Switch(Some(true));
    let error = check(&tls).await.expect_err("a certificate nobody signed");
    assert!(matches!(error, Error::Tls { .. }), "{error:?}");
    tls.tls.ca = secured.ca.clone();
    check(&tls).await.expect("trusted");

    for mechanism in MECHANISMS {
        let mut sasl = secured.connection("SASL");
        login(&mut sasl, mechanism, PASSWORD);
        check(&sasl).await.expect("logged in");
        login(&mut sasl, mechanism, "guessed");
        let error = check(&sasl).await.expect_err("a wrong password");
        assert!(
            matches!(error, Error::Credentials { .. }),
            "{mechanism:?}: {error:?}"
        );
        assert!(!error.is_passing());
        assert!(!error.to_string().contains("guessed"), "{error}");
    }

    let mut both = secured.connection("BOTH");
    both.tls.ca = secured.ca.clone();
    login(&mut both, Mechanism::ScramSha512, PASSWORD);
    check(&both).await.expect("encrypted and logged in");
}
