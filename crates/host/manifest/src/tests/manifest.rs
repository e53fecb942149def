//! What `spin.toml` becomes, and what is wrong with it.

use super::*;
use crate::VariableDeclaration;

#[test]
fn a_manifest_becomes_variables_triggers_and_components() {
    let folder = Folder::with_manifest(&manifest(
        r#"
        allowed_outbound_hosts = ["postgres://{{ host }}", "https://example.com"]
        key_value_stores = ["default"]
        environment = { MODE = "x" }
        [component.a.variables]
        url = "postgres://{{ host }}/db"
        [component.a.build]
        command = "make"
        [component.a.tool.x]
        y = 1
        [variables]
        host = { required = true, secret = true, description = "host:port" }
        mode = { default = "" }
        [application.trigger.http]
        base = "/"
        [application.trigger.kafka]
        brokers = ""
        "#,
    ));
    let app = folder.load().unwrap();
    assert_eq!(app.name, "demo");
    assert_eq!(app.base_dir, folder.path(""));
    assert_eq!(
        app.variables["host"],
        VariableDeclaration {
            default: None,
            required: true,
            secret: true
        }
    );
    let component = &app.components["a"];
    assert_eq!(component.wasm, folder.path("a.wasm"));
    assert_eq!(component.environment["MODE"], "x");
    assert_eq!(component.variables["url"], "postgres://{{ host }}/db");
    assert_eq!(component.allowed_outbound_hosts.len(), 2);
    assert_eq!(component.key_value_stores, ["default"]);
    let trigger = app.triggers_of("http").next().unwrap();
    assert_eq!(trigger.id, "a-http-trigger");
    assert_eq!(
        trigger.config,
        serde_json::json!({"route": "/...", "component": "a"})
    );
    assert_eq!(app.trigger_settings["http"]["base"], "/");
    assert_eq!(app.trigger_settings["kafka"]["brokers"], "");
}

#[test]
fn every_violation_is_reported_at_once() {
    let folder = Folder::with_manifest(
        r#"
        spin_manifest_version = 2
        surprise = 1
        [application]
        [variables]
        Bad = { default = "x" }
        both = { default = "x", required = true }
        none = {}
        [[trigger.redis]]
        channel = "c"
        component = "b"
        [[trigger.http]]
        route = "/{{ nowhere }}"
        component = "missing"
        [[trigger.cron]]
        cron_expression = "* * * * * *"
        [component.b]
        source = "gone.wasm"
        ai_models = ["llama"]
        sqlite_databases = ["default"]
        colour = "red"
        allowed_outbound_hosts = ["example.com", "http://x.spin.internal", 7]
        [component.b.dependencies]
        "a:b" = "1"
        [component.b.variables]
        x = "{{ open"
        [component.c]
        source = { url = "https://example.com/c.wasm", digest = "sha256:0" }
        [component.d_e]
        source = "a.wasm"
        "#,
    );
    let problems = folder.problems();
    assert_mentions(
        &problems,
        &[
            "unknown field `surprise`",
            "application: `name` is missing",
            "`Bad` is not a variable name",
            "variables.both: it is `required` and has a `default`",
            "variables.none: it has no value to fall back to",
            "trigger.redis: this host has no trigger of this kind",
            "variable `nowhere` is not declared",
            "no component `missing`; it has b, c, d_e",
            "trigger.cron[0]: it names no `component`",
            "gone.wasm does not exist; build it first (in TaskWhisper: `cargo xtask build`)",
            "component.b.ai_models: this host runs no AI models",
            "component.b.sqlite_databases",
            "component.b.dependencies",
            "component.b: unknown field `colour`",
            "`example.com` is not an allowed host: it has no scheme",
            "service chaining",
            "component.b.allowed_outbound_hosts[2]: expected a string, found a number",
            "component.b.variables.x: a `{{` has no `}}` behind it",
            "component.c.source: only a path to a .wasm file is supported",
            "`d_e` is not a component id",
        ],
    );
    assert_eq!(problems.len(), 20, "{problems:#?}");
}

#[test]
fn the_message_of_several_problems_is_a_list_under_the_file() {
    let folder = Folder::with_manifest("x = 1");
    let message = folder.load().unwrap_err().to_string();
    assert!(message.contains("spin.toml: 3 problems\n  - "), "{message}");
}

#[test]
fn text_that_is_not_toml_is_reported_with_its_line() {
    let folder = Folder::with_manifest("a = 1\nb = ");
    let message = folder.load().unwrap_err().to_string();
    assert!(message.contains("line 2"), "{message}");
}

#[test]
fn another_manifest_version_is_refused() {
    for version in ["spin_manifest_version = 1", "spin_version = \"1\""] {
        let folder = Folder::with_manifest(version);
        assert_mentions(&folder.problems(), &["only version 2 is supported"]);
    }
}

#[test]
fn a_file_that_does_not_exist_says_what_to_name_instead() {
    let error = App::load("no/such/spin.toml".as_ref()).unwrap_err();
    assert!(error.to_string().contains("name a spin.toml"), "{error}");
}

#[test]
fn what_does_not_run_need_not_be_right() {
    let text = manifest(
        "[[trigger.redis]]\nchannel = \"c\"\ncomponent = \"r\"\n\
         [[trigger.kafka]]\ncomponent = \"k\"\n\
         [component.r]\nsource = \"r.wasm\"\nai_models = [\"m\"]\n\
         [component.k]\nsource = \"k.wasm\"\n\
         [application.trigger.kafka]\nbrokers = \"\"\n",
    );
    let folder = Folder::with_manifest(&text);
    assert_eq!(folder.problems().len(), 4);
    let app = folder.load_only(&["http"], &[]).unwrap();
    assert_eq!(app.components.keys().collect::<Vec<_>>(), ["a"]);
    let app = folder.load_only(&[], &["a"]).unwrap();
    assert_eq!(app.triggers.len(), 1);
    let error = folder.load_only(&[], &["a", "z"]).unwrap_err();
    assert_mentions(&error.problems, &["no component `z`; it has a, k, r"]);
}

#[test]
fn retaining_components_drops_the_triggers_of_the_others() {
    let mut app = app("[[trigger.http]]\nroute = \"/b\"\ncomponent = \"b\"\n\
                       [component.b]\nsource = \"a.wasm\"\n");
    app.retain_components(&["x".into(), "y".into()])
        .unwrap_err();
    app.retain_components(&["b".into()]).unwrap();
    assert_eq!(app.components.len(), 1);
    assert_eq!(app.triggers.len(), 1);
}

#[test]
fn triggers_without_an_id_get_the_one_spin_would_give_them() {
    let app = app("[[trigger.http]]\nroute = \"/b\"\ncomponent = \"a\"\n\
         [[trigger.http]]\nid = \"mine\"\nroute = \"/c\"\n\
         component = { source = \"a.wasm\" }\n");
    let ids: Vec<_> = app.triggers.iter().map(|t| t.id.as_str()).collect();
    assert_eq!(ids, ["a-http-trigger", "http-trigger1", "mine"]);
    assert_eq!(app.triggers[2].component, "mine-component");
    assert!(app.components.contains_key("mine-component"));
}

#[test]
fn a_static_response_needs_no_component() {
    let app = app("[[trigger.http]]\nroute = \"/gone\"\nstatic_response = { status_code = 410 }\n");
    assert_eq!(app.triggers[1].component, "");
    assert!(app.triggers[1].config.get("component").is_none());
}

#[test]
fn two_triggers_cannot_share_an_id() {
    let folder = Folder::with_manifest(&manifest(
        "[[trigger.http]]\nid = \"a-http-trigger\"\nroute = \"/b\"\ncomponent = \"a\"\n",
    ));
    assert_mentions(&folder.problems(), &["two triggers have the id"]);
}

#[test]
fn allowed_hosts_are_checked_early_where_defaults_suffice() {
    let folder = Folder::with_manifest(&manifest(
        "allowed_outbound_hosts = [\"{{ good }}\", \"{{ bad }}\", \"{{ later }}\", \
         \"https://{{ empty }}\"]\n\
         [variables]\ngood = { default = \"https://a.com\" }\nbad = { default = \"a.com\" }\n\
         later = { required = true }\nempty = { default = \"\" }\n",
    ));
    let problems = folder.problems();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert_mentions(&problems, &["`a.com` is not an allowed host"]);
}

#[test]
fn the_manifest_of_this_repository_lacks_nothing_but_built_files() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../spin.toml");
    if let Err(error) = App::load(path.as_ref()) {
        for problem in error.problems {
            assert!(problem.contains("does not exist"), "{problem}");
        }
    }
}
