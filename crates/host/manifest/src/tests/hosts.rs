//! Which connections which entry allows.

use crate::AllowedHosts;
use crate::hosts::check_literal;

fn hosts(entries: &[&str]) -> AllowedHosts {
    let entries: Vec<String> = entries.iter().map(|&e| e.to_owned()).collect();
    AllowedHosts::parse(&entries).unwrap()
}

fn error(entry: &str) -> String {
    AllowedHosts::parse(&[entry.to_owned()])
        .unwrap_err()
        .remove(0)
}

#[test]
fn nothing_is_allowed_by_default() {
    assert!(!AllowedHosts::none().allows("https", "example.com", 443));
    assert!(!hosts(&[]).allows("postgres", "127.0.0.1", 5432));
}

#[test]
fn a_literal_host_allows_its_scheme_and_its_usual_port_only() {
    let hosts = hosts(&["https://example.com"]);
    assert!(hosts.allows("https", "example.com", 443));
    assert!(hosts.allows("https", "EXAMPLE.com", 443));
    assert!(!hosts.allows("https", "example.com", 8443));
    assert!(!hosts.allows("http", "example.com", 443));
    assert!(!hosts.allows("https", "www.example.com", 443));
    assert!(!hosts.allows("https", "example.com.evil.org", 443));
}

#[test]
fn ports_are_a_number_a_range_without_its_end_or_a_star() {
    assert!(hosts(&["http://a:8080"]).allows("http", "a", 8080));
    assert!(!hosts(&["http://a:8080"]).allows("http", "a", 80));
    let range = hosts(&["http://a:8000..8010"]);
    assert!(range.allows("http", "a", 8000));
    assert!(range.allows("http", "a", 8009));
    assert!(!range.allows("http", "a", 8010));
    assert!(hosts(&["http://a:*"]).allows("http", "a", 1));
    assert!(hosts(&["http://a:80/"]).allows("http", "a", 80));
}

#[test]
fn each_known_scheme_has_its_usual_port() {
    for (scheme, port) in [
        ("postgres", 5432),
        ("mysql", 3306),
        ("redis", 6379),
        ("mqtt", 1883),
        ("http", 80),
        ("https", 443),
    ] {
        assert!(hosts(&[&format!("{scheme}://db")]).allows(scheme, "db", port));
    }
    assert!(error("tcp://db").contains("no usual port"));
    assert!(error("*://db").contains("no usual port"));
}

#[test]
fn wildcards_stand_for_any_scheme_host_or_subdomain() {
    let any = hosts(&["*://*:*"]);
    assert!(any.allows("tcp", "10.1.2.3", 9));
    assert!(any.allows("https", "[::1]", 443));
    let sub = hosts(&["https://*.example.com"]);
    assert!(sub.allows("https", "a.b.example.com", 443));
    assert!(!sub.allows("https", "example.com", 443));
    assert!(!sub.allows("https", "badexample.com", 443));
    assert!(!sub.allows("https", "10.0.0.1", 443));
}

#[test]
fn addresses_and_networks_match_addresses_only() {
    let net = hosts(&["postgres://10.0.0.0/8:5432"]);
    assert!(net.allows("postgres", "10.200.0.1", 5432));
    assert!(!net.allows("postgres", "11.0.0.1", 5432));
    assert!(!net.allows("postgres", "ten.example.com", 5432));
    assert!(!net.allows("postgres", "::ffff:10.0.0.1", 5432));
    // Host bits behind the prefix are cut off, as in Spin.
    assert!(hosts(&["http://192.168.1.77/24"]).allows("http", "192.168.1.5", 80));
    assert!(hosts(&["http://127.0.0.1"]).allows("http", "127.0.0.1", 80));
    assert!(!hosts(&["http://127.0.0.1"]).allows("http", "localhost", 80));
}

#[test]
fn ipv6_hosts_are_written_with_or_without_brackets() {
    for entry in ["http://[::1]:8080", "http://[::1]:8000..9000"] {
        assert!(hosts(&[entry]).allows("http", "[::1]", 8080), "{entry}");
        assert!(hosts(&[entry]).allows("http", "::1", 8080), "{entry}");
    }
    assert!(hosts(&["http://[::1]"]).allows("http", "::1", 80));
    assert!(hosts(&["http://::1"]).allows("http", "::1", 80));
    assert!(hosts(&["http://fd00::/8"]).allows("http", "fd12::9", 80));
}

#[test]
fn self_allows_relative_requests_and_no_named_host() {
    let hosts = hosts(&["http://self"]);
    assert!(hosts.allows_self("http"));
    assert!(!hosts.allows_self("https"));
    assert!(!hosts.allows("http", "self", 80));
    assert!(!hosts.allows("http", "127.0.0.1", 80));
}

#[test]
fn an_entry_that_resolved_to_nothing_is_skipped() {
    assert_eq!(hosts(&["", "http://", "https://"]), AllowedHosts::none());
}

#[test]
fn malformed_entries_are_all_reported() {
    let entries = ["example.com", "https://a/path", "https://a:x", "ok://b:1"];
    let entries: Vec<String> = entries.iter().map(|&e| e.to_owned()).collect();
    assert_eq!(AllowedHosts::parse(&entries).unwrap_err().len(), 3);
}

#[test]
fn each_malformed_entry_says_what_to_write_instead() {
    for (entry, reason) in [
        ("*", "no scheme"),
        ("insecure:allow-all", "*://*:*"),
        ("https://", "no host"),
        ("https://:443", "no host"),
        ("https://a.com/x", "path"),
        ("https://a.com:80/x", "path"),
        ("https://a.*.com", "first labels"),
        ("https://*.*.com", "domain"),
        ("https://*.1.2.3.4", "domain"),
        ("https://{a,b}", "one entry for each"),
        ("ht-tp://a:1", "letters"),
        ("://a:1", "letters"),
        ("https://a:99999", "not a port"),
        ("https://a:1..x", "not a port"),
        ("http://tasks.spin.internal", "service chaining"),
        ("http://*.spin.internal", "service chaining"),
    ] {
        let message = if entry == "https://" {
            check_literal(entry).unwrap_err()
        } else {
            error(entry)
        };
        assert!(message.contains(reason), "{entry}: {message}");
    }
}
