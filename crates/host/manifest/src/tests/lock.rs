//! What a lock file of the real Spin becomes.

use serde_json::{Value, json};

use super::*;
use crate::Mount;

fn lock(folder: &Folder) -> Value {
    let url = |path: &str| format!("file://{}", folder.path(path).display());
    json!({
        "spin_lock_version": 1,
        "must_understand": ["component_host_requirements"],
        "metadata": {
            "name": "demo", "version": "", "origin": url("source/spin.toml"),
            "triggers": {"kafka": {"brokers": "{{ brokers }}"}}
        },
        "variables": {"brokers": {"default": ""}, "key": {"secret": true}},
        "triggers": [
            {"id": "t1", "trigger_type": "kafka",
             "trigger_config": {"component": "a", "topics": ["x"], "group": "{{ key }}"}},
            {"id": "t2", "trigger_type": "http",
             "trigger_config": {"component": "web", "route": "/..."}}
        ],
        "components": [
            {"id": "a",
             "metadata": {"description": "", "allowed_outbound_hosts": ["http://a"],
                          "key_value_stores": ["default"], "build": {"command": "make"}},
             "source": {"content_type": "application/wasm", "source": url("a.wasm")},
             "env": {"E": "1"},
             "files": [{"source": url("assets/a"), "path": "/"}],
             "config": {"key": "{{ key }}"}},
            {"id": "web",
             "source": {"content_type": "application/wasm", "source": url("a.wasm")},
             "host_requirements": {"local_service_chaining": "required", "other": "optional"}}
        ]
    })
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("a.wasm", "");
    folder.write("assets/a/index.html", "");
    folder
}

fn load(folder: &Folder, lock: &Value, kinds: &[&str]) -> Result<App, LoadError> {
    let path = folder.write("locked.json", &lock.to_string());
    let selection = Selection {
        kinds: Some(kinds.iter().map(|&k| k.to_owned()).collect()),
        components: None,
    };
    let url = format!("file://{}", path.display());
    App::load_selected(url.as_ref(), &selection)
}

#[test]
fn a_lock_file_gives_the_same_application_as_its_manifest() {
    let folder = folder();
    let app = load(&folder, &lock(&folder), &["kafka"]).unwrap();
    assert_eq!(app.name, "demo");
    assert_eq!(app.base_dir, folder.path("source"));
    assert!(app.variables["key"].required && app.variables["key"].secret);
    assert_eq!(app.variables["brokers"].default.as_deref(), Some(""));
    assert_eq!(app.trigger_settings["kafka"]["brokers"], "{{ brokers }}");
    assert_eq!(app.triggers[0].config["group"], "{{ key }}");
    let component = &app.components["a"];
    assert_eq!(component.wasm, folder.path("a.wasm"));
    assert_eq!(component.allowed_outbound_hosts, ["http://a"]);
    assert_eq!(component.key_value_stores, ["default"]);
    assert_eq!(component.environment["E"], "1");
    assert_eq!(component.variables["key"], "{{ key }}");
    assert_eq!(
        component.files,
        [Mount {
            host: folder.path("assets/a"),
            guest: "/".into()
        }]
    );
    // The other trigger and its component belong to another process.
    assert_eq!((app.triggers.len(), app.components.len()), (1, 1));
}

#[test]
fn version_0_and_its_single_trigger_table_are_read() {
    let folder = folder();
    let mut lock = lock(&folder);
    lock["spin_lock_version"] = 0.into();
    lock["metadata"]["triggers"] = Value::Null;
    lock["metadata"]["trigger"] = json!({"type": "kafka", "brokers": "b"});
    let app = load(&folder, &lock, &["kafka"]).unwrap();
    assert_eq!(app.trigger_settings["kafka"], json!({"brokers": "b"}));
}

#[test]
fn requirements_this_host_cannot_meet_are_refused() {
    let folder = folder();
    let mut lock = lock(&folder);
    lock["must_understand"] = json!(["host_requirements", "time_travel"]);
    lock["host_requirements"] = json!({"gpu": "required", "nice": "optional"});
    lock["components"][0]["metadata"]["ai_models"] = json!(["m"]);
    lock["components"][0]["metadata"]["databases"] = json!(["d"]);
    lock["components"][0]["dependencies"] = json!({"x:y": {}});
    lock["components"][1]["source"] = json!({"inline": "AA==", "content_type": "x"});
    let problems = load(&folder, &lock, &["kafka", "http"])
        .unwrap_err()
        .problems;
    assert_mentions(
        &problems,
        &[
            "this host does not know `time_travel`",
            "this host does not provide `gpu`",
            "this host does not provide `local_service_chaining`",
            "component.a.ai_models",
            "component.a.databases",
            "component.a.dependencies",
            "component.web.source: it has no `source`",
        ],
    );
    assert_eq!(problems.len(), 7, "{problems:#?}");
}

#[test]
fn other_versions_and_other_json_are_refused() {
    let folder = folder();
    for (lock, reason) in [
        (
            json!({"spin_lock_version": 2}),
            "version 2 is not supported",
        ),
        (json!({"hello": 1}), "not a Spin lock file"),
    ] {
        let error = load(&folder, &lock, &["http"]).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}
