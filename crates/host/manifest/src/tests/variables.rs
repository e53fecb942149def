//! Where values come from, and who may read them.

use super::*;
use crate::{Provider, RuntimeConfig, VariableError};

const DECLARED: &str = "[variables]\n\
    a = { default = \"default\" }\nb = { required = true }\nkey = { required = true, secret = true }\n\
    [component.a.variables]\na = \"{{ a }}\"\nurl = \"x://{{ a }}:{{b}}/\"\nplain = \"text\"\n";

#[tokio::test]
async fn the_first_provider_in_spins_order_wins() {
    let app = app(DECLARED);
    let folder = Folder::new();
    let near = folder.write("near.env", "SPIN_VARIABLE_A=near\n# comment\n");
    let far = folder.write(
        "far.env",
        "SPIN_VARIABLE_A='far'\nSPIN_VARIABLE_B=\"far b\"\n",
    );
    let config = folder.write(
        "runtime-config.toml",
        "[[variables_provider]]\ntype = \"static\"\nvalues = { a = \"first\" }\n\
         [[variables_provider]]\ntype = \"env\"\nprefix = \"MY\"\n",
    );
    let everything = || VariableOptions {
        overrides: vec!["a=flag".parse().unwrap()],
        providers: RuntimeConfig::read(&config, &Environment::fixed([("MY_A", "mine")]))
            .unwrap()
            .providers,
        env_files: vec![near.clone(), far.clone()],
        environment: Environment::fixed([("SPIN_VARIABLE_A", "process")]),
    };
    let mut options = vec![everything()];
    options.push(VariableOptions {
        overrides: vec![],
        ..everything()
    });
    let mut without_static = everything();
    without_static.overrides.clear();
    without_static.providers.remove(0);
    options.push(without_static);
    options.push(VariableOptions {
        overrides: vec![],
        providers: vec![],
        ..everything()
    });
    options.push(VariableOptions {
        env_files: vec![near.clone(), far.clone()],
        environment: Environment::fixed::<&str, &str>([]),
        ..Default::default()
    });
    options.push(VariableOptions {
        environment: Environment::fixed::<&str, &str>([]),
        ..Default::default()
    });
    let mut found = Vec::new();
    for options in options {
        let variables = Variables::new(&app, options).unwrap();
        found.push(variables.render("{{ a }}").await.unwrap());
    }
    assert_eq!(
        found,
        ["flag", "first", "mine", "process", "near", "default"]
    );
    let variables = Variables::new(&app, everything()).unwrap();
    assert_eq!(variables.render("{{ b }}").await.unwrap(), "far b");
}

#[tokio::test]
async fn a_component_reads_only_what_it_was_granted() {
    let app = app(DECLARED);
    let variables = variables(&app, &[("SPIN_VARIABLE_B", "2")]);
    let component = &app.components["a"];
    let get = async |name| variables.get(component, name).await;
    assert_eq!(get("a").await.unwrap(), "default");
    assert_eq!(get("url").await.unwrap(), "x://default:2/");
    assert_eq!(get("plain").await.unwrap(), "text");
    assert!(matches!(get("b").await, Err(VariableError::Undefined(_))));
    assert!(matches!(get("key").await, Err(VariableError::Undefined(_))));
    assert!(matches!(
        get("A!").await,
        Err(VariableError::InvalidName(_))
    ));
}

#[tokio::test]
async fn a_value_is_asked_for_anew_on_each_read() {
    use std::sync::atomic::{AtomicU32, Ordering};
    let app = app(DECLARED);
    let reads = std::sync::Arc::new(AtomicU32::new(0));
    let count = reads.clone();
    let environment = Environment::from_fn(move |name| {
        let count = count.fetch_add(1, Ordering::Relaxed);
        Ok((name == "SPIN_VARIABLE_A").then(|| count.to_string()))
    });
    let options = VariableOptions {
        environment,
        ..Default::default()
    };
    let variables = Variables::new(&app, options).unwrap();
    assert_eq!(variables.render("{{ a }}").await.unwrap(), "0");
    assert_eq!(variables.render("{{ a }}").await.unwrap(), "1");
}

#[tokio::test]
async fn missing_values_are_all_named_with_their_users_and_the_way_to_set_them() {
    let app = app(&format!(
        "allowed_outbound_hosts = [\"{{{{ a }}}}\", \"postgres://{{{{ key }}}}\"]\n{}",
        DECLARED.replace("\"default\"", "\"https://default\"")
    ));
    let variables = variables(&app, &[("SPIN_VARIABLE_A", "a.com")]);
    assert_eq!(variables.missing(&app).await, ["b", "key"]);
    let problems = variables.problems(&app).await;
    assert_mentions(
        &problems,
        &[
            "variable `b` has no value: set SPIN_VARIABLE_B, or pass --variable b=<value> \
             (used by component.a)",
            "variable `key` has no value",
            "component.a.allowed_outbound_hosts: `a.com` is not an allowed host",
        ],
    );
    assert_eq!(problems.len(), 3, "{problems:#?}");
}

#[tokio::test]
async fn a_variable_nobody_uses_may_lack_a_value() {
    let app = app("[variables]\nunused = { required = true }\n\
         [application.trigger.kafka]\nevent_log = \"{{ unused }}\"\n");
    assert!(variables(&app, &[]).missing(&app).await.is_empty());
}

#[tokio::test]
async fn flags_take_the_forms_of_spin() {
    let app = app(DECLARED);
    let folder = Folder::new();
    let text = folder.write("text.txt", "two\nlines\n");
    let json = folder.write("v.json", r#"{"a": "json"}"#);
    let toml = folder.write("v.toml", "key = \"toml\"\n");
    let flags = [
        format!("b=@{}", text.display()),
        format!("@{}", json.display()),
        format!("@{}", toml.display()),
    ];
    let options = VariableOptions {
        overrides: flags.iter().map(|flag| flag.parse().unwrap()).collect(),
        ..Default::default()
    };
    let variables = Variables::new(&app, options).unwrap();
    let rendered = variables.render("{{ a }} {{ key }} {{ b }}").await;
    assert_eq!(rendered.unwrap(), "json toml two\nlines\n");
    for bad in ["novalue", "@file.yaml"] {
        bad.parse::<crate::VariableFlag>().unwrap_err();
    }
}

#[test]
fn flags_and_files_that_are_wrong_are_all_reported_without_their_values() {
    let app = app(DECLARED);
    let folder = Folder::new();
    let options = VariableOptions {
        overrides: ["zzz=hunter2", "@none.json", "a=1"]
            .map(|flag| flag.parse().unwrap())
            .to_vec(),
        env_files: vec![
            folder.path("none.env"),
            folder.write("bad.env", "hunter2 x\n"),
        ],
        ..Default::default()
    };
    let Err(error) = Variables::new(&app, options) else {
        panic!("must be refused");
    };
    assert_eq!(error.problems.len(), 4, "{error}");
    assert_mentions(
        &error.problems,
        &["declares no variable `zzz`", "none.json"],
    );
    assert!(!error.to_string().contains("hunter2"), "{error}");
    let flag: crate::VariableFlag = "a=hunter2".parse().unwrap();
    assert_eq!(format!("{flag:?}"), "a=…");
}

#[test]
fn messages_of_others_are_freed_of_secrets() {
    let app = app(DECLARED);
    let variables = variables(
        &app,
        &[
            ("SPIN_VARIABLE_KEY", "-----\nabc"),
            ("SPIN_VARIABLE_B", "b"),
        ],
    );
    assert_eq!(
        variables.redact("got \"-----\\nabc\" and -----\nabc, b"),
        "got \"{{ key }}\" and {{ key }}, b"
    );
}

#[tokio::test]
async fn a_failing_provider_is_an_error_and_not_a_missing_value() {
    let app = app(DECLARED);
    let failing = Environment::from_fn(|_| Err("the vault is sealed".into()));
    let options = VariableOptions {
        providers: vec![Provider::env(None, failing, Default::default())],
        ..Default::default()
    };
    let variables = Variables::new(&app, options).unwrap();
    assert_eq!(
        variables.render("{{ a }}").await,
        Err(VariableError::Provider("the vault is sealed".into()))
    );
}
