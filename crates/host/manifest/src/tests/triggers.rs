//! Typed configuration of triggers.

use serde::Deserialize;

use super::*;
use crate::{trigger_configs, trigger_settings};

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Config {
    component: String,
    route: String,
    #[serde(default)]
    limits: Option<Limits>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Limits {
    names: Vec<String>,
}

#[tokio::test]
async fn templates_are_resolved_at_any_depth() {
    let app = app("[variables]\nx = { default = \"X\" }\n\
         [[trigger.http]]\nroute = \"/{{ x }}\"\ncomponent = \"a\"\n\
         limits = { names = [\"{{ x }}1\", \"2\"] }\n\
         [application.trigger.http]\nnames = [\"{{ x }}\"]\n");
    let variables = variables(&app, &[]);
    let configs = trigger_configs::<Config>(&app, &variables, "http")
        .await
        .unwrap();
    let (trigger, config) = &configs[1];
    assert_eq!(trigger.id, "http-trigger1");
    assert_eq!(config.component, "a");
    assert_eq!(config.route, "/X");
    assert_eq!(config.limits.as_ref().unwrap().names, ["X1", "2"]);
    let settings = trigger_settings::<Limits>(&app, &variables, "http").await;
    assert_eq!(settings.unwrap().unwrap().names, ["X"]);
    let none = trigger_settings::<Limits>(&app, &variables, "kafka").await;
    assert!(none.unwrap().is_none());
}

#[tokio::test]
async fn mistakes_of_all_triggers_are_reported_without_secrets() {
    let app = app("[variables]\nkey = { required = true, secret = true }\n\
         gone = { required = true }\n\
         [[trigger.http]]\nroute = \"/a\"\ncomponent = \"a\"\nlimits = \"{{ key }}\"\n\
         [[trigger.http]]\nroute = \"/b\"\ncomponent = \"a\"\ntypo = 1\n\
         [[trigger.http]]\nroute = \"{{ gone }}\"\ncomponent = \"a\"\n");
    let variables = variables(&app, &[("SPIN_VARIABLE_KEY", "hunter2")]);
    let error = trigger_configs::<Config>(&app, &variables, "http")
        .await
        .unwrap_err();
    assert_eq!(error.problems.len(), 3, "{error}");
    assert_mentions(
        &error.problems,
        &[
            "`http-trigger1` of component `a`: invalid type",
            "unknown field `typo`",
            "variable `gone` has no value",
        ],
    );
    assert!(!error.to_string().contains("hunter2"), "{error}");
}
