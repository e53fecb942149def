//! What people see who got something wrong, and outages at the start.

use kafka_broker::Listener;
use testing::{OwnBroker, TestCluster};

use super::harness::{World, service, start, succeed};

fn world(brokers: &str) -> impl Future<Output = World> {
    World::new(TestCluster::at(brokers))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_in_settings_and_triggers_is_listed_at_once() {
    let mut world = world("127.0.0.1:1").await;
    world.connection.brokers = "nowhere".to_owned();
    let settings = "sasl = { mechanism = 'PLAIN' }";
    let lines = "topics = ['a b']\nbatch = { max_records = 0 }";
    let path = world.manifest_of("host", settings, lines);
    let error = service(&path)
        .await
        .map(drop)
        .expect_err("all of it is wrong");
    let text = format!("{error:#}");
    for part in [
        "`nowhere` is not host:port",
        "sasl.username",
        "sasl.password",
        "`a b`",
        "batch.max_records",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_stop_the_service_with_what_to_check() {
    let users = "org.apache.kafka.common.security.plain.PlainLoginModule required \
                 user_alice=\"right\";";
    let properties = [
        ("sasl.enabled.mechanisms", "PLAIN"),
        ("listener.name.sasl.plain.sasl.jaas.config", users),
    ];
    let started = OwnBroker::start_with(|options| {
        options.listeners = vec![Listener {
            name: "SASL".to_owned(),
            protocol: "SASL_PLAINTEXT".to_owned(),
        }];
        let own = properties.map(|(name, value)| (name.to_owned(), value.to_owned()));
        options.properties.extend(own);
    });
    let Some(broker) = started.await else {
        return;
    };
    let plain = world(&broker.brokers()).await;
    plain.create(&plain.topic, 1).await;
    let id = plain.append("a", succeed()).await;

    let mut secured = world(&broker.brokers()).await;
    secured.connection.brokers = broker.broker().address("SASL").expect("a listener");
    let settings = |password: &str| {
        format!("sasl = {{ mechanism = 'PLAIN', username = 'alice', password = '{password}' }}")
    };
    let lines = format!("topics = ['{}']\ngroup = 'g'", plain.topic);
    let path = secured.manifest_of("wrong", &settings("guessed"), &lines);
    let text = start(&path).await.failure().await;
    assert!(text.contains("refused the credentials"), "{text}");
    assert!(
        text.contains("sasl.mechanism") && !text.contains("guessed"),
        "{text}"
    );

    let path = secured.manifest_of("right", &settings("right"), &lines);
    let host = start(&path).await;
    host.until_handled(&id).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_at_the_start_is_waited_for() {
    let Some(mut broker) = OwnBroker::start().await else {
        return;
    };
    let world = world(&broker.brokers()).await;
    world.create(&world.topic, 2).await;
    let id = world.append("a", succeed()).await;
    broker.kill();
    let host = world.host("host", "").await;
    broker.start_again().await;
    host.until_handled(&id).await;
    host.stop().await;
}
