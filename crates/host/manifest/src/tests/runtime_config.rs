//! What an operator may configure.

use super::*;
use crate::RuntimeConfig;

fn read(text: &str) -> Result<RuntimeConfig, LoadError> {
    let folder = Folder::new();
    let path = folder.write("runtime-config.toml", text);
    RuntimeConfig::read(&path, &Environment::fixed::<&str, &str>([]))
}

fn problems(text: &str) -> Vec<String> {
    match read(text) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems,
    }
}

#[test]
fn folders_memory_and_providers_are_read() {
    let config = read(
        "state_dir = \"/var/lib/x\"\nlog_dir = \"\"\nmax_instance_memory = 1000\n\
         [[variables_provider]]\ntype = \"static\"\nvalues = { a = \"1\" }\n\
         [key_value_store.default]\ntype = \"spin\"\n",
    )
    .unwrap();
    assert_eq!(config.state_dir, Some("/var/lib/x".into()));
    assert_eq!(config.log_dir, None);
    assert_eq!(config.max_instance_memory, Some(1000));
    assert_eq!(config.providers.len(), 1);
    assert!(config.warnings.is_empty());
}

#[test]
fn every_example_of_the_repositorys_own_file_is_understood() {
    let file = include_str!("../../../../../runtime-config.toml");
    let untouched = read(file).unwrap();
    assert!(untouched.providers.is_empty() && untouched.state_dir.is_none());
    let is_example = |line: &&str| line.starts_with('#') && !line.starts_with("# ");
    let (examples, rest): (Vec<_>, Vec<_>) = file
        .lines()
        .filter(|line| *line != "#")
        .partition(is_example);
    assert!(
        rest.iter()
            .all(|line| line.is_empty() || line.starts_with("# "))
    );
    let used: Vec<_> = examples.iter().map(|line| &line[1..]).collect();
    let config = read(&used.join("\n")).unwrap();
    assert_eq!(config.providers.len(), 2);
    assert!(config.state_dir.is_some() && config.log_dir.is_some());
    assert!(config.max_instance_memory.is_some());
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

#[test]
fn the_old_name_of_providers_is_accepted() {
    let config = read("[[config_provider]]\ntype = 'env'\n").unwrap();
    assert_eq!(config.providers.len(), 1);
}

#[test]
fn an_empty_folder_counts_as_no_file_with_a_warning() {
    let folder = Folder::new();
    let environment = Environment::fixed::<&str, &str>([]);
    let config = RuntimeConfig::read(&folder.path(""), &environment).unwrap();
    assert!(config.warnings[0].contains("the secret it is mounted from does not exist"));
    assert!(RuntimeConfig::read(&folder.path("none.toml"), &environment).is_err());
}

#[test]
fn keys_without_meaning_are_ignored_with_a_warning() {
    let config = read("[llm_compute]\ntype = \"spin\"\n[outbound_pg]\nmax_connections = 3\n");
    let warnings = config.unwrap().warnings;
    assert_mentions(&warnings, &["`llm_compute`", "`outbound_pg`"]);
}

#[test]
fn what_cannot_be_provided_is_refused_all_at_once() {
    let problems = problems(
        "state_dir = 1\nmax_instance_memory = \"x\"\n\
         [[variables_provider]]\ntype = \"vault\"\ntoken = \"hunter2\"\n\
         [[variables_provider]]\nprefix = \"A\"\n\
         [[variables_provider]]\ntype = \"env\"\ndotenv_path = \"/no/such.env\"\nx = 1\n\
         [key_value_store.a]\ntype = \"redis\"\nurl = \"redis://x\"\n\
         [key_value_store.b]\ntype = \"spin\"\npath = \"x\"\n",
    );
    assert_mentions(
        &problems,
        &[
            "state_dir: expected a string",
            "max_instance_memory: expected a number of bytes",
            "providers of type `vault` are not supported",
            "variables_provider[1]: `type` is missing",
            "variables_provider[2].dotenv_path",
            "variables_provider[2]: unknown field `x`",
            "key_value_store.a.type: stores of type `redis`",
            "key_value_store.b.path",
        ],
    );
    assert_eq!(problems.len(), 8, "{problems:#?}");
}

#[test]
fn a_syntax_error_does_not_quote_the_line() {
    let problems = problems("token = \"hunter2\" x\n");
    assert!(!problems[0].contains("hunter2"), "{problems:?}");
}
