//! All options with what they mean, for people: from the types and their comments, so that none is forgotten.

use serde_json::Value;

use super::MachineOptions;

/// One option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionInfo {
    /// Where it is: `session.timeout`.
    pub path: String,
    /// What it means.
    pub about: String,
    /// Where that is known from, or that it is invented.
    pub source: String,
    /// Its value unless told otherwise.
    pub default: String,
    /// What it may be.
    pub values: Values,
}

/// What an option may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values {
    /// One of these.
    Choice(Vec<Choice>),
    /// `true` or `false`; `null` where that is an answer as well.
    Switch {
        /// Whether `null` is one.
        or_null: bool,
    },
    /// A whole number.
    Number {
        /// Whether `null` is one.
        or_null: bool,
    },
    /// A length of machine time: `250ms`, `40s`, `1m 30s`.
    Span {
        /// Whether `null` is one.
        or_null: bool,
    },
    /// A list, as JSON.
    List,
}

/// One of several values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// How it is written.
    pub value: String,
    /// What it means.
    pub about: String,
}

/// All options by their path, each group after the single ones.
pub fn listing() -> Vec<OptionInfo> {
    let schema = schemars::schema_for!(MachineOptions).to_value();
    let mut options = Vec::new();
    collect(&schema, &schema, "", &mut options);
    let (mut single, grouped): (Vec<OptionInfo>, Vec<OptionInfo>) =
        options.into_iter().partition(|option| !option.path.contains('.'));
    single.extend(grouped);
    single
}

fn collect(schema: &Value, object: &Value, prefix: &str, options: &mut Vec<OptionInfo>) {
    let Some(properties) = object["properties"].as_object() else { return };
    for (name, property) in properties {
        let path = format!("{prefix}{name}");
        let target = resolve(schema, property);
        if target["properties"].is_object() {
            collect(schema, target, &format!("{path}."), options);
            continue;
        }
        let text = property["description"].as_str().unwrap_or_default();
        let (about, source) = text.split_once("\n\nSource: ").unwrap_or((text, ""));
        options.push(OptionInfo {
            path,
            about: one_line(about),
            source: one_line(source),
            default: written(&property["default"]),
            values: values(target),
        });
    }
}

fn resolve<'a>(schema: &'a Value, property: &'a Value) -> &'a Value {
    let pointer = property["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| schema.pointer(pointer)).unwrap_or(property)
}

fn values(target: &Value) -> Values {
    if let Some(choices) = target["oneOf"].as_array() {
        let choice = |choice: &Value| Choice {
            value: written(&choice["const"]),
            about: one_line(choice["description"].as_str().unwrap_or_default()),
        };
        return Values::Choice(choices.iter().map(choice).collect());
    }
    let kinds: Vec<&str> = match &target["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect(),
    };
    let or_null = kinds.contains(&"null");
    match kinds.first() {
        Some(&"boolean") => Values::Switch { or_null },
        Some(&"integer") => Values::Number { or_null },
        Some(&"string") => Values::Span { or_null },
        _ => Values::List,
    }
}

fn written(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_says_what_it_is_and_where_that_is_known_from() {
        let options = listing();
        assert!(options.len() > 70, "{}", options.len());
        for option in &options {
            assert!(option.about.ends_with('.') && option.source.ends_with('.'), "{option:?}");
            if let Values::Choice(choices) = &option.values {
                assert!(choices.len() > 1 && choices.iter().all(|choice| choice.about.ends_with('.')));
                assert!(choices.iter().any(|choice| choice.value == option.default), "{option:?}");
            }
        }
        let timeout = options.iter().find(|option| option.path == "session.timeout").unwrap();
        assert_eq!((timeout.default.as_str(), &timeout.values), ("null", &Values::Span { or_null: true }));
    }
}
