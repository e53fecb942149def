//! An application as it was read, with the mistakes of each part. Parts that will not run are dropped
//! with their mistakes.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::{App, Component, TRIGGER_KINDS, Trigger, unknown_component};
use crate::check;
use crate::error::{LoadError, Problems};

/// Which part of an application to run. The default is all of it.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Trigger kinds to run; the others may be of kinds this host does not know.
    pub kinds: Option<Vec<String>>,
    /// Components to run.
    pub components: Option<Vec<String>>,
}

pub(crate) struct Draft {
    pub app: App,
    /// Problems that matter whatever runs.
    pub problems: Problems,
    /// By component id.
    pub component_problems: BTreeMap<String, Problems>,
    /// By trigger id.
    pub trigger_problems: BTreeMap<String, Problems>,
}

impl Draft {
    pub fn new(app: App) -> Self {
        Self {
            app,
            problems: Problems::default(),
            component_problems: BTreeMap::new(),
            trigger_problems: BTreeMap::new(),
        }
    }

    pub fn add_component(&mut self, component: Component, problems: Problems) {
        let id = component.id.clone();
        self.component_problems
            .entry(id.clone())
            .or_default()
            .append(problems);
        self.app.components.insert(id, component);
    }

    pub fn add_trigger(&mut self, trigger: Trigger, problems: Problems) {
        let id = trigger.id.clone();
        if self.app.triggers.iter().any(|other| other.id == id) {
            self.problems
                .at("", format!("two triggers have the id `{id}`"));
        }
        self.trigger_problems
            .entry(id)
            .or_default()
            .append(problems);
        self.app.triggers.push(trigger);
    }

    /// The application with only what was selected, if nothing is wrong with it.
    pub fn finish(mut self, subject: &str, selection: &Selection) -> Result<App, LoadError> {
        let mut problems = std::mem::take(&mut self.problems);
        self.select(selection, &mut problems);
        if selection.kinds.is_none() {
            check_kinds(&self.app, &mut problems);
        }
        for (name, declaration) in &self.app.variables {
            check::variable(name, declaration, &mut problems);
        }
        for trigger in &self.app.triggers {
            if let Some(found) = self.trigger_problems.remove(&trigger.id) {
                problems.append(found);
            }
            check::trigger(trigger, &self.app, &mut problems);
        }
        for (kind, settings) in &self.app.trigger_settings {
            let place = format!("application.trigger.{kind}");
            check::templates_in(settings, &place, &self.app, &mut problems);
        }
        for (id, component) in &self.app.components {
            if let Some(found) = self.component_problems.remove(id) {
                problems.append(found);
            }
            check::component(component, &self.app, &mut problems);
        }
        let list = problems.into_list();
        if list.is_empty() {
            return Ok(self.app);
        }
        Err(LoadError {
            subject: subject.to_owned(),
            problems: list,
        })
    }

    fn select(&mut self, selection: &Selection, problems: &mut Problems) {
        let app = &mut self.app;
        if let Some(kinds) = &selection.kinds {
            app.triggers.retain(|trigger| kinds.contains(&trigger.kind));
        }
        if let Some(ids) = &selection.components {
            for id in ids {
                if !app.components.contains_key(id) {
                    problems.at("", unknown_component(id, app.components.keys()));
                }
            }
            app.triggers.retain(|t| ids.contains(&t.component));
            app.components.retain(|id, _| ids.contains(id));
        }
        if selection.kinds.is_some() {
            let called: BTreeSet<_> = app.triggers.iter().map(|t| t.component.clone()).collect();
            app.components.retain(|id, _| called.contains(id));
        }
    }
}

fn check_kinds(app: &App, problems: &mut Problems) {
    let kinds: BTreeSet<_> = app.triggers.iter().map(|t| t.kind.as_str()).collect();
    for kind in kinds {
        if !TRIGGER_KINDS.contains(&kind) {
            problems.at(
                &format!("trigger.{kind}"),
                format!(
                    "this host has no trigger of this kind; it runs {}",
                    TRIGGER_KINDS.join(", ")
                ),
            );
        }
    }
}
