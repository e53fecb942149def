//! What is wrong with a manifest is said at the start, all of it.

use super::harness::with;

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_is_listed_with_its_trigger() {
    with(async |world| {
        let (_, service) = world
            .service(
                "host",
                r#"
                [application.trigger.kafka]
                brokers = "localhost"
                [[trigger.kafka]]
                component = "probe"
                topics = []
                concurrency = 0
                [[trigger.kafka]]
                component = "probe"
                topics = ["orders"]
                "#,
                event_log::Options::default(),
            )
            .await;
        let Err(error) = service else {
            panic!("accepted");
        };
        let message = format!("{error:#}");
        for part in [
            "`localhost` is not host:port",
            "at least one topic",
            "concurrency",
            "group `probe`",
        ] {
            assert!(message.contains(part), "{part} in {message}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_without_kafka_triggers_has_no_service() {
    with(async |world| {
        let (_, service) = world
            .service("host", "", event_log::Options::default())
            .await;
        assert!(service.expect("valid").is_none());
    })
    .await;
}
