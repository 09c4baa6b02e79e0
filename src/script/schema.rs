//! The JSON Schema of script files, for editors.

use schemars::generate::SchemaSettings;
use serde_json::Value as Json;

use crate::script::raw::RawScript;

/// The schema, made from the same types that read the files.
pub fn json_schema() -> Json {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<RawScript>().to_value();
    without_null(&mut schema);
    schema
}

/// An optional key may be left out; it may not be there without a value.
pub(crate) fn without_null(schema: &mut Json) {
    match schema {
        Json::Array(items) => items.iter_mut().for_each(without_null),
        Json::Object(map) => {
            map.values_mut().for_each(without_null);
            if let Some(Json::Array(kinds)) = map.get_mut("type") {
                kinds.retain(|kind| kind != "null");
                if let [only] = kinds.as_slice() {
                    let only = only.clone();
                    map.insert("type".to_owned(), only);
                }
            }
            if let Some(Json::Array(any)) = map.get_mut("anyOf") {
                any.retain(|one| *one != serde_json::json!({"type": "null"}));
                if let [Json::Object(only)] = any.as_slice() {
                    let only = only.clone();
                    map.remove("anyOf");
                    map.extend(only);
                }
            }
        }
        _ => {}
    }
}
