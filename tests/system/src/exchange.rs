//! Holds every exchange against the OpenAPI document: the status is one that the operation has, the
//! content is what that status has, and nothing is said that the document does not know. So each test
//! of the API is one of its documentation, too.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, LazyLock, Mutex},
};

use http::{HeaderMap, header};
use jsonschema::Validator;
use serde_json::{Value, json};

/// A request and its answer.
pub(crate) struct Exchange<'a> {
    pub method: &'a str,
    pub path: &'a str,
    /// Names of query parameters.
    pub query: Vec<String>,
    /// The body that was sent, where it was one piece.
    pub body: Option<&'a [u8]>,
    pub status: u16,
    pub headers: &'a HeaderMap,
    pub text: &'a str,
}

static DOCUMENT: LazyLock<Document> = LazyLock::new(Document::new);

/// # Panics
/// When the exchange is not as the document says.
pub(crate) fn check(exchange: &Exchange<'_>) {
    if let Err(reason) = DOCUMENT.check(exchange) {
        let text: String = exchange.text.chars().take(1000).collect();
        panic!(
            "{} {}, answered with {}, is not as /openapi.json says: {reason}\n{text}",
            exchange.method, exchange.path, exchange.status
        );
    }
}

struct Document {
    /// Path items of the document.
    paths: matchit::Router<Value>,
    /// What schemas refer to.
    components: Value,
    /// Schemas that were needed, by their text.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Document {
    fn new() -> Self {
        let document = serde_json::to_value(contract::document()).expect("it is JSON");
        let mut paths = matchit::Router::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            // OpenAPI has no parameter of several segments.
            let path = path.replace("/{path}", "/{*path}");
            paths
                .insert(path, item.clone())
                .expect("paths are told apart");
        }
        let mut components = document["components"].clone();
        for schema in components["schemas"]
            .as_object_mut()
            .expect("schemas")
            .values_mut()
        {
            // Clients must bear new fields; a test must not miss one that is not documented.
            if schema["properties"].is_object() {
                schema["additionalProperties"] = json!(false);
            }
        }
        Self {
            paths,
            components,
            validators: Mutex::default(),
        }
    }

    fn check(&self, exchange: &Exchange<'_>) -> Result<(), String> {
        let Ok(found) = self.paths.at(exchange.path) else {
            return self.check_problem(exchange, 404);
        };
        let method = match exchange.method {
            "HEAD" => "get".to_owned(),
            method => method.to_ascii_lowercase(),
        };
        let operation = &found.value[method];
        if operation.is_null() {
            return self.check_refusal(exchange, found.value);
        }
        let response = &operation["responses"][exchange.status.to_string()];
        if response.is_null() {
            return Err("the operation has no such status".to_owned());
        }
        if exchange.method != "HEAD" {
            self.check_content(exchange, &response["content"])?;
        }
        if (200..300).contains(&exchange.status) {
            self.check_request(exchange, operation)?;
        }
        Ok(())
    }

    /// A method that the path does not have.
    fn check_refusal(&self, exchange: &Exchange<'_>, item: &Value) -> Result<(), String> {
        self.check_problem(exchange, 405)?;
        let declared = item.as_object().into_iter().flat_map(|item| item.keys());
        let mut declared: BTreeSet<String> = declared.map(|m| m.to_ascii_uppercase()).collect();
        if declared.contains("GET") {
            declared.insert("HEAD".to_owned());
        }
        let allowed = exchange.headers.get(header::ALLOW);
        let allowed = allowed.and_then(|value| value.to_str().ok());
        let allowed: BTreeSet<String> = allowed
            .into_iter()
            .flat_map(|value| value.split(", "))
            .map(str::to_owned)
            .collect();
        match allowed == declared {
            true => Ok(()),
            false => Err(format!("Allow is {allowed:?}, documented are {declared:?}")),
        }
    }

    fn check_problem(&self, exchange: &Exchange<'_>, status: u16) -> Result<(), String> {
        if exchange.status != status {
            return Err(format!("the status must be {status}"));
        }
        if exchange.method == "HEAD" {
            return Ok(());
        }
        let schema = json!({"$ref": "#/components/schemas/Problem"});
        let content = json!({"application/problem+json": {"schema": schema}});
        self.check_content(exchange, &content)
    }

    fn check_content(&self, exchange: &Exchange<'_>, content: &Value) -> Result<(), String> {
        let Some(content) = content.as_object() else {
            return match exchange.text.is_empty() {
                true => Ok(()),
                false => Err("this status has no body".to_owned()),
            };
        };
        let given = exchange.headers.get(header::CONTENT_TYPE);
        let given = given
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let media_type = content.get(given).or_else(|| content.get("*/*"));
        let media_type = media_type
            .ok_or_else(|| format!("the content is {given:?}, not one of {content:?}"))?;
        match &media_type["schema"] {
            Value::Null => Ok(()),
            schema => self.check_json(schema, exchange.text.as_bytes()),
        }
    }

    /// A request that succeeded must be one that the document allows.
    fn check_request(&self, exchange: &Exchange<'_>, operation: &Value) -> Result<(), String> {
        let parameters = operation["parameters"].as_array();
        let is_declared = |name: &str| {
            let mut declared = parameters.into_iter().flatten();
            declared.any(|parameter| parameter["in"] == "query" && parameter["name"] == name)
        };
        if let Some(unknown) = exchange.query.iter().find(|name| !is_declared(name)) {
            return Err(format!("it took a query parameter {unknown}"));
        }
        match (&operation["requestBody"], exchange.body) {
            (Value::Null, None | Some(b"" | b"{}")) | (_, None) => Ok(()),
            (Value::Null, Some(_)) => Err("it took a body".to_owned()),
            (declared, Some(body)) => {
                let schema = &declared["content"]["application/json"]["schema"];
                let checked = self.check_json(schema, body);
                checked.map_err(|reason| format!("it took a body that {reason}"))
            }
        }
    }

    fn check_json(&self, schema: &Value, text: &[u8]) -> Result<(), String> {
        let value: Value = serde_json::from_slice(text).map_err(|e| format!("is no JSON: {e}"))?;
        let validator = self.validator(schema);
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        match errors.is_empty() {
            true => Ok(()),
            false => Err(format!("does not fit its schema: {}", errors.join("; "))),
        }
    }

    fn validator(&self, schema: &Value) -> Arc<Validator> {
        let mut validators = self.validators.lock().expect("nobody panics with it");
        let validator = validators.entry(schema.to_string()).or_insert_with(|| {
            let mut whole = schema.clone();
            whole["components"] = self.components.clone();
            let mut options = jsonschema::draft202012::options();
            options = options.should_validate_formats(true);
            Arc::new(
                options
                    .build(&whole)
                    .expect("the document's schemas are schemas"),
            )
        });
        validator.clone()
    }
}
