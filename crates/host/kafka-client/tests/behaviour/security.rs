//! Encryption and authentication, on a broker of our own that asks for both.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use kafka_client::rdkafka::producer::FutureRecord;
use kafka_client::{Cluster, Connection, Error, Follower, Mechanism, Secret, Switch, TopicSpec};
use tokio::net::TcpSocket;

use crate::secured::{PASSWORD, Secured, secured};
use crate::tokens;

fn login(connection: &mut Connection, mechanism: Mechanism, password: &str) {
    connection.sasl.mechanism = mechanism;
    connection.sasl.username = "alice".to_owned();
    connection.sasl.password = Secret::from(password);
}

async fn check(connection: &Connection) -> Result<(), Error> {
    Cluster::new(connection)?.check(&[]).await
}

/// Every kind of client gets in: administration, a producer, a consumer.
async fn works(connection: &Connection) {
    let topic = format!("secured-{}", uuid::Uuid::new_v4().simple());
    let spec = TopicSpec {
        name: topic.clone(),
        partitions: 1,
        replication: 1,
        config: Vec::new(),
    };
    let cluster = Cluster::new(connection).expect("a client");
    cluster.create_topics(&[spec]).await.expect("a topic");
    let producer = connection.producer().expect("a producer");
    let record = FutureRecord::to(&topic).key("k").payload("v");
    let sent = producer.send(record, Duration::from_secs(10)).await;
    sent.expect("produced");
    let follower = Follower::from_beginning(connection, &[topic]).await;
    let mut follower = follower.expect("a consumer");
    let next = tokio::time::timeout(Duration::from_secs(20), follower.next());
    let records = next.await.expect("in time").expect("records");
    assert_eq!(records.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_are_reached_as_their_listeners_ask_and_mistakes_are_told_apart() {
    let Some(secured) = secured().await else {
        return;
    };
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

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_asks_for_a_certificate_lets_in_who_has_one() {
    let Some(secured) = secured().await else {
        return;
    };
    let mut connection = secured.connection("MUTUAL");
    connection.tls.ca = secured.ca.clone();
    let error = check(&connection).await.expect_err("no certificate");
    assert!(matches!(error, Error::Tls { .. }), "{error:?}");
    assert!(error.to_string().contains("tls.certificate"), "{error}");

    let alice = secured.identity();
    connection.tls.certificate = alice.certificate;
    connection.tls.key = Secret::from(&*alice.key);
    works(&connection).await;

    let Some(encrypted) = encrypt(&alice.key, "key-password") else {
        return println!("skipped: an encrypted key needs openssl on the PATH");
    };
    connection.tls.key = Secret::from(&*encrypted);
    connection.tls.key_password = Secret::from("key-password");
    check(&connection).await.expect("decrypted");
    connection.tls.key_password = Secret::from("guessed");
    let error = check(&connection).await.expect_err("a wrong password");
    let text = error.to_string();
    assert!(
        text.contains("ssl.key") && !text.contains("guessed"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_open_id_connect_is_a_login() {
    let Some(secured) = secured().await else {
        return;
    };
    let mut connection = with_token(&secured, tokens::serve().await);
    connection.sasl.extensions = "tenant=one,team=two".to_owned();
    works(&connection).await;

    connection.sasl.client_secret = Secret::from("guessed");
    let error = check(&connection).await.expect_err("a wrong secret");
    assert!(matches!(error, Error::Credentials { .. }), "{error:?}");
    assert!(!error.to_string().contains("guessed"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_endpoint_that_comes_later_is_waited_for() {
    let Some(secured) = secured().await else {
        return;
    };
    // Bound, so that nobody else takes it; who connects is refused until it listens.
    let socket = TcpSocket::new_v4().expect("a socket");
    let any = "127.0.0.1:0".parse().expect("an address");
    socket.bind(any).expect("a port");
    let address = socket.local_addr().expect("its address");
    let connection = with_token(&secured, format!("http://{address}/token"));
    let cluster = Cluster::new(&connection).expect("a client");
    let error = cluster.check(&[]).await.expect_err("nobody listens");
    assert!(matches!(error, Error::TokenEndpoint { .. }), "{error:?}");
    tokens::serve_on(socket.listen(16).expect("listens"));
    // It is asked again after ten seconds.
    let again = async {
        while let Err(error) = cluster.check(&[]).await {
            assert!(error.is_passing(), "{error:?}");
        }
    };
    let again = tokio::time::timeout(Duration::from_secs(60), again);
    again.await.expect("a token in time");
}

/// As the client that the token endpoint knows.
fn with_token(secured: &Secured, endpoint: String) -> Connection {
    let mut connection = secured.connection("TOKEN");
    connection.sasl.mechanism = Mechanism::OAuthBearer;
    connection.sasl.token_endpoint = endpoint;
    connection.sasl.client_id = tokens::CLIENT.to_owned();
    connection.sasl.client_secret = Secret::from(tokens::SECRET);
    connection.sasl.scope = tokens::SCOPE.to_owned();
    connection
}

/// PKCS #8 with a password; `None`: there is no openssl to make it.
fn encrypt(key: &str, password: &str) -> Option<String> {
    let password = format!("pass:{password}");
    let mut openssl = Command::new("openssl")
        .args(["pkcs8", "-topk8", "-passout", &password])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut input = openssl.stdin.take().expect("its input");
    input.write_all(key.as_bytes()).expect("written");
    drop(input);
    let output = openssl.wait_with_output().expect("its output");
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).expect("PEM"))
}
