use std::sync::Arc;

use host_postgres::Options;

use crate::harness::with_host;

const GUEST: &str = "postgres-hosts";
const CALLS: &[&str] = &["open", "open-async", "build", "build-async"];

#[tokio::test]
async fn no_call_reaches_a_host_that_is_not_allowed() {
    with_host(Options::default(), async |host| {
        let denied: host_postgres::AllowsHost = Arc::new(|_, _| false);
        for call in CALLS {
            let url = &host.database.url;
            let ran = host.run_at(GUEST, url, call, denied.clone()).await;
            let error = ran.unwrap().unwrap_err();
            assert!(error.contains("ConnectionFailed"), "{call}: {error}");
            assert!(error.contains("add \\\"postgres://"), "{call}: {error}");
            assert!(error.contains("allowed_outbound_hosts"), "{call}: {error}");
        }
        host.database.backends_become("true", 0).await;
    })
    .await;
}

#[tokio::test]
async fn an_allowed_host_is_reached_by_every_call() {
    with_host(Options::default(), async |host| {
        for call in CALLS {
            let answer = host.answer(GUEST, call).await;
            assert!(answer.contains("reached"), "{call}: {answer}");
        }
    })
    .await;
}

#[tokio::test]
async fn every_place_an_address_can_lead_to_must_be_allowed() {
    with_host(Options::default(), async |host| {
        let allowed = |host: &str, port: u16| host == "allowed.test" && port == 5432;
        for (address, refused) in [
            (
                "host=allowed.test hostaddr=127.0.0.1 user=u",
                "127.0.0.1:5432",
            ),
            (
                "postgres://u@allowed.test/db?hostaddr=127.0.0.1",
                "127.0.0.1:5432",
            ),
            ("host=allowed.test,other.test user=u", "other.test:5432"),
            (
                "postgres://u@allowed.test/db?host=other.test",
                "other.test:5432",
            ),
            ("host=allowed.test port=5433 user=u", "allowed.test:5433"),
            (
                "host=allowed.test,allowed.test port=5432,1 user=u",
                "allowed.test:1",
            ),
            ("hostaddr=::1 user=u", "[::1]:5432"),
            (
                "host=/var/run/postgresql user=u",
                "Unix socket in /var/run/postgresql",
            ),
            ("postgres:///db?host=/tmp", "Unix socket in /tmp"),
        ] {
            for call in CALLS {
                let ran = host.run_at(GUEST, address, call, Arc::new(allowed)).await;
                let error = ran.unwrap().unwrap_err();
                assert!(error.contains(refused), "{address}: {error}");
                assert!(error.contains("not allowed"), "{address}: {error}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn an_address_that_leads_nowhere_is_an_error_at_opening_without_its_password() {
    with_host(Options::default(), async |host| {
        for address in [
            "postgres://u:hunter2@127.0.0.1:1/db",
            "postgres://u:hunter2@no-such-host.invalid/db",
            "postgres://u:hunter2@h/db?sslmode=perhaps",
            "nonsense",
        ] {
            let ran = host
                .run_at(GUEST, address, "open-async", Arc::new(|_, _| true))
                .await;
            let error = ran.unwrap().unwrap_err();
            assert!(error.contains("ConnectionFailed"), "{address}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_ca_that_is_none_is_refused_before_connecting() {
    with_host(Options::default(), async |host| {
        for certificate in [
            "not a certificate",
            "-----BEGIN CERTIFICATE-----\n!\n-----END",
        ] {
            let error = host.run(GUEST, certificate).await.unwrap().unwrap_err();
            assert!(error.contains("CA root"), "{error}");
        }
    })
    .await;
}
