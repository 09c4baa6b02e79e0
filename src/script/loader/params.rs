//! Declarations of parameters.

use crate::script::codes;
use crate::script::loader::File;
use crate::script::model::{Param, ParamKind};
use crate::script::raw::{At, Entries, RawKind, RawParam, RawValue};

/// Words that expressions know already.
pub(crate) const RESERVED: [&str; 17] = [
    "and", "before", "else", "facts", "failure", "false", "if", "in", "is", "none", "not", "or", "output",
    "rc", "self", "steps", "true",
];

impl File<'_, '_> {
    pub(super) fn params(&mut self, raw: Option<&Entries<RawParam>>) -> Vec<Param> {
        let mut params = Vec::new();
        for (name, param) in raw.iter().flat_map(|entries| &entries.0) {
            self.value_name(name);
            let kind = self.param_kind(param);
            let mut built =
                Param { name: name.value.clone(), kind, default: None, about: self.prose(&param.about) };
            if let Some(default) = &param.default {
                match built.accept(default.value.clone().into()) {
                    Ok(value) => built.default = Some(value),
                    Err(reason) => {
                        let message = format!("the default of `{}` {reason}", name.value);
                        self.say(&codes::BAD_DEFAULT, default.span.clone(), message, None);
                    }
                }
                if built.kind == ParamKind::Secret {
                    let message = format!("the secret `{}` has a default", name.value);
                    let help = Some("leave it out: a secret never stands in a script".to_owned());
                    self.say(&codes::BAD_DEFAULT, default.span.clone(), message, help);
                }
            }
            params.push(built);
        }
        params
    }

    /// A name that expressions can use.
    pub(super) fn value_name(&mut self, name: &At<String>) {
        let text = name.value.as_str();
        let fits = text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if RESERVED.contains(&text) {
            let message = format!("`{text}` has a meaning in expressions already");
            self.say(&codes::BAD_NAME, name.span.clone(), message, Some("choose another name".to_owned()));
        } else if !fits {
            let fixed: String = text
                .to_lowercase()
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
                .collect();
            let message = format!("`{text}` can't be used in expressions");
            self.say(&codes::BAD_NAME, name.span.clone(), message, Some(format!("write `{fixed}`")));
        }
    }

    fn param_kind(&mut self, param: &RawParam) -> ParamKind {
        let kind = param.r#type.value;
        for (key, at, belongs) in [
            ("min", param.min.as_ref().map(|at| &at.span), kind == RawKind::Number),
            ("max", param.max.as_ref().map(|at| &at.span), kind == RawKind::Number),
            (
                "choices",
                param.choices.as_ref().map(|at| &at.span),
                matches!(kind, RawKind::Choice | RawKind::List),
            ),
        ] {
            if let (Some(span), false) = (at, belongs) {
                let message = format!("`{key}` does not go with this type");
                self.say(&codes::WRONG_SHAPE, span.clone(), message, Some("leave it out".to_owned()));
            }
        }
        if let Some(choices) = param.choices.as_ref().filter(|_| kind == RawKind::List) {
            self.not_empty(choices.value.is_empty(), &choices.span, "choices");
        }
        let choices: Vec<String> =
            param.choices.iter().flat_map(|list| &list.value).map(|word| word.value.clone()).collect();
        match kind {
            RawKind::Text => ParamKind::Text,
            RawKind::Flag => ParamKind::Flag,
            RawKind::Secret => ParamKind::Secret,
            RawKind::List => ParamKind::List { of: choices },
            RawKind::Choice => {
                if choices.is_empty() {
                    let message = "a choice needs `choices`";
                    self.say(
                        &codes::MISSING_KEY,
                        param.r#type.span.clone(),
                        message,
                        Some("choices: [a, b]".to_owned()),
                    );
                }
                ParamKind::Choice(choices)
            }
            RawKind::Number => {
                let min = param.min.as_ref().map_or(0, |at| at.value);
                let max = param.max.as_ref().map_or(i64::from(u32::MAX), |at| at.value);
                if min > max {
                    let span = param.min.as_ref().map_or(param.r#type.span.clone(), |at| at.span.clone());
                    self.say(&codes::OUT_OF_RANGE, span, "`min` is larger than `max`", None);
                }
                ParamKind::Number { min, max }
            }
        }
    }
}

impl From<RawValue> for crate::script::model::Value {
    fn from(raw: RawValue) -> Self {
        match raw {
            RawValue::Text(text) => Self::from(text),
            RawValue::Number(number) => Self::from(number),
            RawValue::Flag(flag) => Self::from(flag),
            RawValue::List(items) => Self::from(items),
        }
    }
}
