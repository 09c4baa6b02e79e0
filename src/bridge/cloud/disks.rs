//! Disks and snapshots.

use serde_json::{Value, json};

use super::operations::{Effect, Telling};
use super::{Asked, Cloud, Path, Reply, merge, not_found};

impl Cloud {
    pub(super) fn disk(&mut self, asked: &Asked<'_>, path: &Path) -> Reply {
        let id = path.id(8);
        let present = self.resources.get(&id.to_lowercase()).cloned();
        match (asked.method, present) {
            ("GET", Some(disk)) => Reply::json(200, &disk),
            ("GET", None) => not_found(path),
            ("PUT", present) => self.put_disk(asked, path, present.as_ref()),
            ("DELETE", None) => Reply::status(204),
            ("DELETE", Some(disk)) => {
                if let Some(owner) = disk["managedBy"].as_str() {
                    return Reply::error(
                        409,
                        "OperationNotAllowed",
                        &format!("Disk {} is attached to VM {owner}.", path.written[7]),
                    );
                }
                match self.begin(asked, &id, "delete", Effect::Delete(id.clone()), Telling::Status) {
                    Ok(reply) | Err(reply) => reply,
                }
            }
            _ => Reply::error(405, "MethodNotAllowed", "The method is not supported here."),
        }
    }

    fn put_disk(&mut self, asked: &Asked<'_>, path: &Path, present: Option<&Value>) -> Reply {
        let id = path.id(8);
        let Ok(mut body) = serde_json::from_str::<Value>(asked.body) else {
            return Reply::error(400, "InvalidRequestContent", "The request content was invalid.");
        };
        let creation = body["properties"]["creationData"].clone();
        let source = creation["sourceResourceId"].as_str().unwrap_or_default().to_owned();
        let Some(origin) = self.resources.get(&source.to_lowercase()) else {
            return Reply::error(404, "NotFound", &format!("The resource {source} is not found."));
        };
        if creation["createOption"] != "Copy" || body["location"] != origin["location"] {
            return Reply::error(400, "InvalidParameter", "The disk cannot be created so.");
        }
        if let Some(present) = present {
            let known =
                present["properties"]["creationData"]["sourceResourceId"].as_str().unwrap_or_default();
            if !known.eq_ignore_ascii_case(&source) {
                return Reply::error(
                    409,
                    "PropertyChangeNotAllowed",
                    "Changing property 'creationData' is not allowed.",
                );
            }
        }
        let inherited = json!({
            "properties": {
                "diskSizeGB": origin["properties"]["diskSizeGB"],
                "osType": origin["properties"]["osType"],
                "hyperVGeneration": origin["properties"]["hyperVGeneration"],
                "provisioningState": "Creating",
            },
            "id": id,
            "name": path.written[7],
            "type": format!("{}/{}", path.written[5], path.written[6]),
        });
        if present.is_none() {
            merge(&mut body, &inherited);
            self.resources.insert(id.to_lowercase(), body.clone());
        }
        let effect =
            Effect::Change(id.clone(), json!({ "properties": { "provisioningState": "Succeeded" } }));
        match self.begin(asked, &id, "create", effect, Telling::Status) {
            Ok(reply) => Reply { body: body.to_string(), ..reply },
            Err(refusal) => refusal,
        }
    }
}
