//! The declarations agree with each other, with the document made from them, and with spin.toml.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fmt::Debug;

use contract::{Access, COMPONENTS, Route, audit_log, auth, document, health, openapi, tasks, web};
use serde_json::Value;

/// Method and path of each operation of the document, and its component.
fn operations() -> BTreeSet<(String, String, String)> {
    let document = serde_json::to_value(document()).expect("it is JSON");
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().expect("a path item");
        item.iter().map(|(method, operation)| {
            let component = operation["tags"][0].as_str().expect("a tag");
            (method.clone(), path.clone(), component.to_owned())
        })
    });
    operations.collect()
}

/// Method and path of each route, and its component, as the document would have them.
fn declared() -> BTreeSet<(String, String, String)> {
    fn of<E: Copy + Debug>(
        component: &'static str,
        routes: &[Route<E>],
    ) -> impl Iterator<Item = (String, String, String)> {
        routes.iter().map(move |route| {
            let method = format!("{:?}", route.method).to_lowercase();
            let path = route.path.replace("{*", "{");
            (method, path, component.to_owned())
        })
    }
    of("auth", &auth::ROUTES)
        .chain(of("tasks", &tasks::ROUTES))
        .chain(of("audit-log", &audit_log::ROUTES))
        .chain(of("health", &health::ROUTES))
        .chain(of("openapi", &openapi::ROUTES))
        .chain(of("web", &web::ROUTES))
        .collect()
}

/// Route and component of each HTTP trigger.
fn triggers() -> Vec<(String, String)> {
    let manifest: toml::Table = include_str!("../../../../spin.toml")
        .parse()
        .expect("it is TOML");
    let triggers = manifest["trigger"]["http"].as_array().expect("triggers");
    let text = |value: &toml::Value| value.as_str().expect("a string").to_owned();
    let triggers = triggers.iter();
    triggers
        .map(|trigger| (text(&trigger["route"]), text(&trigger["component"])))
        .collect()
}

#[test]
fn the_document_has_every_route_and_no_other() {
    assert_eq!(operations(), declared());
}

#[test]
fn every_component_with_an_http_trigger_is_in_the_document() {
    let served: BTreeSet<String> = triggers().into_iter().map(|(_, name)| name).collect();
    let documented = COMPONENTS.iter().map(|component| component.name.to_owned());
    assert_eq!(served, documented.collect());
}

#[test]
fn spin_leads_every_path_to_the_component_that_declares_it() {
    let mut router = routefinder::Router::new();
    for (route, component) in triggers() {
        let route = route.replace("...", "*");
        router.add(route.as_str(), component).expect("a route");
    }
    for (_, path, component) in operations() {
        let served_by = router
            .best_match(&path)
            .map(|found| found.handler().clone());
        assert_eq!(served_by, Some(component), "{path}");
    }
}

#[test]
fn what_belongs_to_a_user_needs_a_scope() {
    fn check<E: Debug>(routes: &[Route<E>]) {
        for route in routes {
            let is_somebodys = route.path.contains("{user_id}");
            let needs_scope = matches!(route.access, Access::Scope(_));
            assert!(needs_scope || !is_somebodys, "{route:?}");
        }
    }
    check(&tasks::ROUTES);
    check(&audit_log::ROUTES);
}

#[test]
fn every_operation_has_a_name_of_its_own_and_says_what_it_does() {
    let document = serde_json::to_value(document()).expect("it is JSON");
    let mut names = BTreeSet::new();
    for (method, path, _) in operations() {
        let operation = &document["paths"][&path][&method];
        let summary = operation["summary"].as_str().expect("a summary");
        assert!(!summary.is_empty(), "{method} {path}");
        let name = operation["operationId"]
            .as_str()
            .expect("a name")
            .to_owned();
        assert!(names.insert(name), "{method} {path}");
    }
}

#[test]
fn every_reference_leads_to_a_schema() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members
                    .values()
                    .for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = serde_json::to_value(document()).expect("it is JSON");
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("within the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}
