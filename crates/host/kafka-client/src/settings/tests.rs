use super::*;

fn parse(toml: &str) -> Connection {
    toml::from_str(toml).expect("valid")
}

#[test]
fn what_no_variable_sets_is_off() {
    let connection = parse(
        "brokers = ''
         tls = { enabled = '', ca = '', certificate = '', key = '' }
         sasl = { mechanism = '', username = '', password = '' }",
    );
    assert_eq!(connection, Connection::default());
    assert!(!connection.is_set() && !connection.tls.is_on());
    assert!(connection.violations().is_empty());
}

#[test]
fn tls_is_on_when_asked_for_or_when_there_is_something_to_use() {
    for (toml, on) in [
        ("tls = { enabled = 'true' }", true),
        ("tls = { enabled = true }", true),
        ("tls = { ca = 'ca.pem' }", true),
        ("tls = { enabled = 'false', ca = 'ca.pem' }", false),
        ("", false),
    ] {
        assert_eq!(parse(toml).tls.is_on(), on, "{toml}");
    }
}

#[test]
fn every_violation_is_named_at_once() {
    let connection = parse(
        "brokers = 'localhost, a:9092, https://b:1'
         tls = { certificate = 'x' }
         sasl = { mechanism = 'SCRAM-SHA-512' }",
    );
    let violations = connection.violations();
    assert_eq!(violations.len(), 5, "{violations:#?}");
    let connection = parse("sasl = { mechanism = 'OAUTHBEARER', token_endpoint = 'x' }");
    assert_eq!(connection.violations().len(), 3);
    let connection = parse("sasl = { username = 'u' }");
    assert!(connection.violations()[0].contains("sasl.mechanism"));
}

#[test]
fn unknown_fields_and_mechanisms_are_refused() {
    for toml in [
        "sasl = { user = 'x' }",
        "tls = { cafile = 'x' }",
        "sasl = { mechanism = 'GSSAPI' }",
        "tls = { enabled = 'maybe' }",
    ] {
        assert!(toml::from_str::<Connection>(toml).is_err(), "{toml}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let connection = parse(
        "tls = { key = 'hush', key_password = 'hush' }
         sasl = { password = 'hush', client_secret = 'hush' }",
    );
    let shown = format!("{connection:?}");
    assert!(
        !shown.contains("hush") && shown.contains("hidden"),
        "{shown}"
    );
}
