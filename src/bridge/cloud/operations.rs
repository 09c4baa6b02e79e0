//! What takes time: it takes effect when it is due, whoever still waits for it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Act, Asked, Cloud, Reply, merge, seed};

/// Something that is under way.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    pub(super) id: String,
    /// What it works on.
    pub(super) on: String,
    /// Its name, so that the same again joins it.
    pub(super) name: String,
    pub(super) due: Duration,
    pub(super) over: bool,
    pub(super) effect: Effect,
}

/// What it does when it is due.
#[derive(Debug, Clone)]
pub(super) enum Effect {
    /// Members of a resource become these.
    Change(String, Value),
    /// A resource is gone.
    Delete(String),
    /// A machine's power becomes this.
    Power(String, &'static str),
    /// Several.
    All(Vec<Self>),
}

/// How the resource manager tells about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Telling {
    /// `Azure-AsyncOperation`, and the resource in the body.
    Status,
    /// Only `Location`.
    Location,
}

impl Cloud {
    /// Lets everything take effect that is due.
    pub(in crate::bridge) fn settle(&mut self, now: Duration) {
        for number in 0..self.operations.len() {
            let operation = &mut self.operations[number];
            if !operation.over && operation.due <= now {
                operation.over = true;
                let (effect, on, due) = (operation.effect.clone(), operation.on.clone(), operation.due);
                self.take_effect(&effect);
                self.stamp(&on, due);
            }
        }
    }

    fn take_effect(&mut self, effect: &Effect) {
        match effect {
            Effect::Change(id, change) => {
                merge(self.resources.entry(id.to_lowercase()).or_insert(json!({})), change);
            }
            Effect::Delete(id) => {
                self.resources.remove(&id.to_lowercase());
            }
            Effect::Power(id, state) => {
                self.set_power(id, state);
                self.acts.extend(match *state {
                    "running" => Some(Act::Start),
                    _ => None,
                });
            }
            Effect::All(effects) => effects.iter().for_each(|effect| self.take_effect(effect)),
        }
    }

    pub(super) fn set_power(&mut self, id: &str, state: &str) {
        if let Some(machine) = self.resources.get_mut(&id.to_lowercase()) {
            let time = machine["properties"]["instanceView"]["statuses"][0]["time"].take();
            machine["properties"]["instanceView"] = seed::instance_view(state);
            machine["properties"]["instanceView"]["statuses"][0]["time"] = time;
        }
    }

    /// A machine tells when the last operation on it ended.
    fn stamp(&mut self, on: &str, due: Duration) {
        if let Some(machine) = self.resources.get_mut(&on.to_lowercase())
            && let Some(statuses) = machine["properties"]["instanceView"]["statuses"].as_array_mut()
        {
            statuses[0]["time"] = json!(seed::moment(due));
        }
    }

    /// What is under way on a resource.
    pub(super) fn under_way(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| !operation.over && operation.on.eq_ignore_ascii_case(id))
    }

    /// Begins an operation, or joins the same one.
    pub(super) fn begin(
        &mut self,
        asked: &Asked<'_>,
        on: &str,
        name: &str,
        effect: Effect,
        telling: Telling,
    ) -> Result<Reply, Reply> {
        let id = match self.under_way(on) {
            Some(running) if running.name == name => running.id.clone(),
            Some(_) => {
                return Err(Reply::error(
                    409,
                    "OperationNotAllowed",
                    "The request failed because another operation on the resource is in progress.",
                ));
            }
            None => {
                let id = format!("op-{}", self.operations.len() + 1);
                self.operations.push(Operation {
                    id: id.clone(),
                    on: on.to_owned(),
                    name: name.to_owned(),
                    due: asked.now + self.operation,
                    over: false,
                    effect,
                });
                id
            }
        };
        let host = asked.headers.iter().find(|(name, _)| name == "host").map_or("", |(_, host)| host);
        let base = format!("https://{host}/subscriptions/{}", seed::SUBSCRIPTION);
        let version = super::query(asked.target, "api-version").unwrap_or_default();
        let reply = Reply::status(202).with("retry-after", self.retry_after.to_string());
        let location = format!("{base}/operationResults/{id}?api-version={version}");
        let reply = reply.with("location", location);
        Ok(match telling {
            Telling::Location => reply,
            Telling::Status => {
                reply.with("azure-asyncoperation", format!("{base}/operations/{id}?api-version={version}"))
            }
        })
    }

    pub(super) fn operation_status(&self, id: &str) -> Reply {
        match self.operations.iter().find(|operation| operation.id == id) {
            None => Reply::error(404, "NotFound", "The operation was not found."),
            Some(operation) => {
                let status = if operation.over { "Succeeded" } else { "InProgress" };
                Reply::json(200, &json!({ "name": id, "status": status }))
                    .with("retry-after", self.retry_after.to_string())
            }
        }
    }

    pub(super) fn operation_result(&self, id: &str) -> Reply {
        match self.operations.iter().find(|operation| operation.id == id) {
            None => Reply::error(404, "NotFound", "The operation was not found."),
            Some(operation) if operation.over => Reply::json(200, &json!({})),
            Some(_) => Reply::status(202).with("retry-after", self.retry_after.to_string()),
        }
    }
}
