//! What people see who got something wrong.

use kafka_client::{Cluster, Connection, Error, Mechanism, Secret};
use testing::TestCluster;

#[tokio::test]
async fn a_broker_that_is_not_there_is_named_with_what_to_check() {
    let cluster = Cluster::new(&Connection::plain("127.0.0.1:1")).expect("a client");
    let error = cluster.check(&[]).await.expect_err("nobody listens");
    assert!(error.is_passing(), "{error}");
    let text = error.to_string();
    for part in ["127.0.0.1:1", "Connection refused", "firewall"] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn a_host_that_nobody_knows_is_named() {
    let cluster = Cluster::new(&Connection::plain("no-such-host.invalid:9092")).expect("a client");
    let error = cluster.check(&[]).await.expect_err("no such host");
    let text = error.to_string();
    assert!(text.contains("no-such-host.invalid:9092"), "{text}");
    assert!(text.contains("resolve"), "{text}");
}

#[tokio::test]
async fn a_topic_that_is_missing_is_named_with_how_to_create_it() {
    let brokers = match TestCluster::real() {
        Ok(brokers) => brokers,
        Err(missing) => return println!("skipped: {missing}"),
    };
    let cluster = Cluster::new(&brokers.connection()).expect("a client");
    let error = cluster
        .check(&["nowhere".to_owned()])
        .await
        .expect_err("no topic");
    assert!(matches!(&error, Error::UnknownTopic { .. }), "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains("`nowhere`") && text.contains("--create --topic nowhere"),
        "{text}"
    );
}

#[tokio::test]
async fn tls_towards_a_plain_listener_is_told_apart_from_an_outage() {
    let brokers = TestCluster::any();
    let mut connection = brokers.connection();
    connection.tls.enabled = kafka_client::Switch(Some(true));
    let cluster = Cluster::new(&connection).expect("a client");
    let error = cluster.check(&[]).await.expect_err("no TLS there");
    assert!(matches!(error, Error::Tls { .. }), "{error:?}");
    assert!(!error.is_passing());
}

#[tokio::test]
async fn a_token_endpoint_that_is_away_is_named_and_the_credentials_are_not_blamed() {
    let mut connection = Connection::plain("127.0.0.1:1");
    connection.sasl.mechanism = Mechanism::OAuthBearer;
    connection.sasl.token_endpoint = "http://127.0.0.1:2/token".to_owned();
    connection.sasl.client_id = "taskwhisper".to_owned();
    connection.sasl.client_secret = Secret::from("client-secret");
    let cluster = Cluster::new(&connection).expect("a client");
    // The second time librdkafka has nothing new to tell.
    for _ in 0..2 {
        let error = cluster.check(&[]).await.expect_err("nobody listens");
        assert!(matches!(error, Error::TokenEndpoint { .. }), "{error:?}");
        assert!(error.is_passing());
        let text = error.to_string();
        for part in ["http://127.0.0.1:2/token", "sasl.token_endpoint"] {
            assert!(text.contains(part), "{text}");
        }
    }
}

#[tokio::test]
async fn a_certificate_file_that_is_missing_is_named_by_its_setting() {
    let mut connection = Connection::plain("127.0.0.1:1");
    connection.tls.ca = "no/such/ca.pem".to_owned();
    let error = connection.client_config().expect_err("no file");
    assert!(
        error
            .to_string()
            .contains("tls.ca: cannot read `no/such/ca.pem`"),
        "{error}"
    );
}
