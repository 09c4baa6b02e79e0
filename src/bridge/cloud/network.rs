//! Security rules; everything else of the network is only read.

use serde_json::{Value, json};

use super::operations::{Effect, Telling};
use super::{Asked, Cloud, Path, Reply, not_found};

impl Cloud {
    pub(super) fn security_rule(&mut self, asked: &Asked<'_>, path: &Path, rest: &[&str]) -> Reply {
        let ["securityrules", name] = rest else { return not_found(path) };
        let group_id = path.id(8);
        let Some(group) = self.resources.get(&group_id.to_lowercase()).cloned() else {
            return not_found(path);
        };
        let rules = group["properties"]["securityRules"].as_array().cloned().unwrap_or_default();
        let is_it =
            |rule: &Value| rule["name"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(name));
        let present = rules.iter().find(|rule| is_it(rule)).cloned();
        let others: Vec<Value> = rules.into_iter().filter(|rule| !is_it(rule)).collect();
        match (asked.method, present) {
            ("GET", Some(rule)) => Reply::json(200, &rule),
            ("GET" | "DELETE", None) if asked.method == "GET" => not_found(path),
            ("DELETE", None) => Reply::status(204),
            ("DELETE", Some(_)) => {
                let effect = rules_become(&group_id, &others);
                match self.begin(asked, &group_id, &format!("delete {name}"), effect, Telling::Status) {
                    Ok(reply) | Err(reply) => reply,
                }
            }
            ("PUT", _) => self.put_rule(asked, path, &group_id, others),
            _ => Reply::error(405, "MethodNotAllowed", "The method is not supported here."),
        }
    }

    fn put_rule(&mut self, asked: &Asked<'_>, path: &Path, group: &str, mut rules: Vec<Value>) -> Reply {
        let body: Value = serde_json::from_str(asked.body).unwrap_or_default();
        let rule = &body["properties"];
        let priority = rule["priority"].as_u64().unwrap_or_default();
        if !(100..=4096).contains(&priority) {
            return Reply::error(
                400,
                "SecurityRuleInvalidPriority",
                "Security rule has invalid priority. Value provided should be in the range 100-4096.",
            );
        }
        let taken = rules.iter().any(|known| {
            known["properties"]["priority"] == rule["priority"]
                && known["properties"]["direction"] == rule["direction"]
        });
        if taken {
            return Reply::error(
                400,
                "SecurityRuleConflict",
                "Security rules must have unique priorities in one direction.",
            );
        }
        let name = &path.written[9];
        let rule = json!({ "id": path.id(10), "name": name, "properties": rule });
        rules.push(rule.clone());
        let effect = rules_become(group, &rules);
        match self.begin(asked, group, &format!("put {name}"), effect, Telling::Status) {
            Ok(reply) => Reply { status: 201, body: rule.to_string(), ..reply },
            Err(refusal) => refusal,
        }
    }
}

fn rules_become(group: &str, rules: &[Value]) -> Effect {
    Effect::Change(group.to_owned(), json!({ "properties": { "securityRules": rules } }))
}
