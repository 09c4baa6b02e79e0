//! Values for parameters: what fits, and what a user gives as `name=value`.

use minijinja::value::ValueKind;

use crate::script::model::{Param, ParamKind, Scope, Script, Value};
use crate::script::similar::did_you_mean;

/// A parameter that can't be set like that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// The script has no such parameter.
    #[error("`{script}` has no parameter `{name}`")]
    Unknown {
        /// The script.
        script: String,
        /// The name given.
        name: String,
        /// What there is.
        help: String,
    },
    /// It has no default and was not given.
    #[error("`{script}` needs the parameter `{name}`: {about}")]
    Missing {
        /// The script.
        script: String,
        /// The parameter.
        name: String,
        /// What it means.
        about: String,
    },
    /// It was given twice.
    #[error("the parameter `{name}` is given twice")]
    Twice {
        /// The parameter.
        name: String,
    },
    /// The value does not fit.
    #[error("the value of `{name}` {reason}")]
    Unfit {
        /// The parameter.
        name: String,
        /// Why.
        reason: String,
    },
    /// A secret on the command line is seen by everybody.
    #[error("the secret `{name}` can't be given like this")]
    Secret {
        /// The parameter.
        name: String,
    },
}

impl ParameterError {
    /// What to do.
    pub fn help(&self) -> String {
        match self {
            Self::Unknown { help, .. } => help.clone(),
            Self::Missing { name, .. } => format!("give it with -p {name}=…"),
            Self::Twice { .. } => "give it once".to_owned(),
            Self::Unfit { name, .. } => format!("`sacpilot scripts NAME` tells what `{name}` takes"),
            Self::Secret { .. } => "use a file, the environment or a command as its source".to_owned(),
        }
    }
}

/// The values of all parameters: those given as text, and defaults for the rest. Every error at once.
pub fn bind(script: &Script, given: &[(String, String)]) -> Result<Scope, Vec<ParameterError>> {
    let mut scope = Scope::new();
    let mut errors = Vec::new();
    for (name, text) in given {
        let Some(param) = script.params.iter().find(|param| param.name == *name) else {
            errors.push(unknown(script, name));
            continue;
        };
        if param.kind == ParamKind::Secret {
            errors.push(ParameterError::Secret { name: name.clone() });
        } else if scope.contains_key(name) {
            errors.push(ParameterError::Twice { name: name.clone() });
        } else {
            match param.accept(param.read(text)) {
                Ok(value) => {
                    scope.insert(name.clone(), value);
                }
                Err(reason) => errors.push(ParameterError::Unfit { name: name.clone(), reason }),
            }
        }
    }
    errors.extend(fill(script, &mut scope));
    if errors.is_empty() { Ok(scope) } else { Err(errors) }
}

/// Defaults for what is not given yet; errors for what has none.
pub fn fill(script: &Script, scope: &mut Scope) -> Vec<ParameterError> {
    let mut errors = Vec::new();
    for param in &script.params {
        if scope.contains_key(&param.name) || param.kind == ParamKind::Secret {
            continue;
        }
        match &param.default {
            Some(value) => {
                scope.insert(param.name.clone(), value.clone());
            }
            None => errors.push(ParameterError::Missing {
                script: script.name.clone(),
                name: param.name.clone(),
                about: param.about.clone(),
            }),
        }
    }
    errors
}

impl Param {
    /// Text of a command line as a value of this kind, as far as it goes; [`Param::accept`] judges it. A list is
    /// parted by commas.
    pub fn read(&self, text: &str) -> Value {
        match self.kind {
            ParamKind::Number { .. } => {
                text.trim().parse::<i64>().map_or_else(|_| Value::from(text), Value::from)
            }
            ParamKind::Flag => match text.trim() {
                "true" => Value::from(true),
                "false" => Value::from(false),
                _ => Value::from(text),
            },
            ParamKind::List { .. } if text.trim().is_empty() => Value::from(Vec::<String>::new()),
            ParamKind::List { .. } => {
                Value::from(text.split(',').map(|item| item.trim().to_owned()).collect::<Vec<String>>())
            }
            ParamKind::Text | ParamKind::Choice(_) | ParamKind::Secret => Value::from(text),
        }
    }

    /// The value, when it fits; else why not, as the end of "the value of `x` …".
    pub fn accept(&self, value: Value) -> Result<Value, String> {
        match &self.kind {
            ParamKind::Text | ParamKind::Secret => text(&value).map(|_| value.clone()),
            ParamKind::Choice(words) => {
                let chosen = text(&value)?;
                if words.contains(&chosen) {
                    return Ok(value);
                }
                Err(format!("is not one of {}", words.join(", ")))
            }
            ParamKind::Number { min, max } => {
                match value.as_i64().filter(|_| value.kind() == ValueKind::Number) {
                    Some(number) if (*min..=*max).contains(&number) => Ok(value),
                    _ => Err(format!("is not a number from {min} to {max}")),
                }
            }
            ParamKind::Flag if value.kind() == ValueKind::Bool => Ok(value),
            ParamKind::Flag => Err("is not true or false".to_owned()),
            ParamKind::List { of } => {
                if value.kind() != ValueKind::Seq {
                    return Err("is not a list".to_owned());
                }
                for item in value.try_iter().into_iter().flatten() {
                    let item = text(&item).map_err(|reason| format!("has an item that {reason}"))?;
                    if !of.is_empty() && !of.contains(&item) {
                        return Err(format!("has the item `{item}`, which is not one of {}", of.join(", ")));
                    }
                }
                Ok(value)
            }
        }
    }

    /// What it takes, in words: `a number from 1 to 65535`.
    pub fn takes(&self) -> String {
        match &self.kind {
            ParamKind::Text => "text".to_owned(),
            ParamKind::Number { min, max } => format!("a number from {min} to {max}"),
            ParamKind::Flag => "true or false".to_owned(),
            ParamKind::Choice(words) => words.join(" or "),
            ParamKind::List { of } if of.is_empty() => "a list, parted by commas".to_owned(),
            ParamKind::List { of } => format!("a list of {}, parted by commas", of.join(", ")),
            ParamKind::Secret => "a secret".to_owned(),
        }
    }
}

fn text(value: &Value) -> Result<String, String> {
    let Some(text) = value.as_str() else { return Err("is not text".to_owned()) };
    if text.chars().any(char::is_control) {
        return Err("holds a control character".to_owned());
    }
    Ok(text.to_owned())
}

fn unknown(script: &Script, name: &str) -> ParameterError {
    let names = || script.params.iter().map(|param| param.name.as_str());
    let all: Vec<_> = names().collect();
    let help = did_you_mean(name, names()).unwrap_or_else(|| match all.as_slice() {
        [] => "it has none".to_owned(),
        all => format!("it has {}", all.join(", ")),
    });
    ParameterError::Unknown { script: script.name.clone(), name: name.to_owned(), help }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script() -> Script {
        let param = |name: &str, kind: ParamKind, default: Option<Value>| Param {
            name: name.to_owned(),
            kind,
            default,
            about: "what it is".to_owned(),
        };
        Script {
            name: "x".to_owned(),
            title: String::new(),
            about: String::new(),
            source: None,
            guidance: crate::script::model::Guidance::default(),
            params: vec![
                param("port", ParamKind::Number { min: 1, max: 65535 }, Some(Value::from(3389))),
                param("mode", ParamKind::Choice(vec!["stop".to_owned(), "move".to_owned()]), None),
                param(
                    "versions",
                    ParamKind::List { of: vec!["1.2".to_owned()] },
                    Some(Value::from(vec!["1.2"])),
                ),
                param("force", ParamKind::Flag, Some(Value::from(false))),
                param("key", ParamKind::Secret, None),
            ],
            within: None,
            steps: Vec::new(),
            digest: String::new(),
        }
    }

    #[test]
    fn binds_and_fills() {
        let given = [("mode".to_owned(), "stop".to_owned()), ("port".to_owned(), "3390".to_owned())];
        let scope = bind(&script(), &given).unwrap();
        assert_eq!(scope["port"], Value::from(3390));
        assert_eq!(scope["force"], Value::from(false));
    }

    #[test]
    fn says_all_that_is_wrong() {
        let given = [("prot", "1"), ("port", "0"), ("versions", "1.2, 1.1"), ("force", "yes"), ("key", "x")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let errors: Vec<_> =
            bind(&script(), &given).unwrap_err().iter().map(|e| format!("{e} ({})", e.help())).collect();
        assert_eq!(
            errors,
            [
                "`x` has no parameter `prot` (did you mean `port`?)",
                "the value of `port` is not a number from 1 to 65535 (`sacpilot scripts NAME` tells what `port` takes)",
                "the value of `versions` has the item `1.1`, which is not one of 1.2 (`sacpilot scripts NAME` tells what `versions` takes)",
                "the value of `force` is not true or false (`sacpilot scripts NAME` tells what `force` takes)",
                "the secret `key` can't be given like this (use a file, the environment or a command as its source)",
                "`x` needs the parameter `mode`: what it is (give it with -p mode=…)",
            ]
        );
    }
}
