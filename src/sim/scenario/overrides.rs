//! `key=value` for any option of the machine.

use serde_json::Value;

use super::scalar;
use crate::sim::options::MachineOptions;

/// The options with the one at `path` (`session.timeout`) set to `text`.
pub(super) fn set(options: &MachineOptions, path: &str, text: &str) -> Result<MachineOptions, String> {
    let mut whole = serde_json::to_value(options).map_err(|error| error.to_string())?;
    let mut place = &mut whole;
    for part in path.split('.') {
        let Value::Object(fields) = place else {
            return Err(format!("`{part}` is not inside an option that has parts"));
        };
        let known: Vec<String> = fields.keys().cloned().collect();
        place = fields
            .get_mut(part)
            .ok_or_else(|| format!("the machine has no option `{part}`; it has {}", known.join(", ")))?;
    }
    *place = scalar(text);
    serde_json::from_value(whole.clone()).or_else(|error| {
        // A number may be meant as text.
        set_text(whole, path, text).ok_or_else(|| error.to_string())
    })
}

fn set_text(mut whole: Value, path: &str, text: &str) -> Option<MachineOptions> {
    let pointer = format!("/{}", path.replace('.', "/"));
    *whole.pointer_mut(&pointer)? = Value::String(text.to_owned());
    serde_json::from_value(whole).ok()
}
