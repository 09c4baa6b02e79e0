//! `use` and `with`: another script and its parameters.

use std::sync::Arc;

use crate::script::codes;
use crate::script::loader::File;
use crate::script::loader::names::{Names, Type};
use crate::script::model::{Argument, Expr, Param, ParamKind, Script};
use crate::script::raw::{At, RawStep, RawValue};
use crate::script::similar::did_you_mean;
use crate::script::template::parse_placed;

impl File<'_, '_> {
    /// The used script; what is wrong inside it is reported with its own file.
    pub(super) fn used_script(&mut self, name: &At<String>) -> Option<Arc<Script>> {
        if let Some(start) = self.loading.open.iter().position(|open| *open == name.value) {
            let mut circle: Vec<_> = self.loading.open[start..].to_vec();
            circle.push(name.value.clone());
            let message = format!("the scripts use each other in a circle: {}", circle.join(" → "));
            self.say(&codes::CYCLE, name.span.clone(), message, None);
            return None;
        }
        if let Some(done) = self.loading.done.get(&name.value) {
            let done = done.clone();
            self.broken |= done.is_none();
            return done;
        }
        match self.loading.library.source(&name.value) {
            Ok(source) => {
                let script = self.loading.script(&name.value, source);
                self.broken |= script.is_none();
                script
            }
            Err(error) => {
                let message = format!("there is no script `{}`", name.value);
                let help = as_named(&name.value).unwrap_or_else(|| error.help());
                self.say(&codes::UNKNOWN_SCRIPT, name.span.clone(), message, Some(help));
                None
            }
        }
    }

    /// What is given to the used script: each fits its parameter, nothing is missing.
    pub(super) fn arguments(
        &mut self,
        raw: &RawStep,
        script: &Script,
        names: &Names,
    ) -> Vec<(String, Argument)> {
        let mut arguments = Vec::new();
        for (name, value) in raw.with.iter().flat_map(|with| &with.value.0) {
            let Some(param) = script.params.iter().find(|param| param.name == name.value) else {
                let message = format!("`{}` has no parameter `{}`", script.name, name.value);
                let all: Vec<_> = script.params.iter().map(|param| param.name.as_str()).collect();
                let help = did_you_mean(&name.value, all.iter().copied())
                    .or_else(|| (!all.is_empty()).then(|| format!("it has {}", all.join(", "))));
                self.say(&codes::BAD_ARGUMENT, name.span.clone(), message, help);
                continue;
            };
            if let Some(argument) = self.argument(param, value, names) {
                arguments.push((name.value.clone(), argument));
            }
        }
        for param in &script.params {
            let given =
                raw.with.iter().flat_map(|with| &with.value.0).any(|(name, _)| name.value == param.name);
            if param.default.is_none() && !given {
                let message = format!("`{}` needs the parameter `{}`", script.name, param.name);
                let span = raw.r#use.as_ref().map_or(raw.id.span.clone(), |name| name.span.clone());
                let help = Some(format!("with: {{{}: …}}: {}", param.name, param.about));
                self.say(&codes::BAD_ARGUMENT, span, message, help);
            }
        }
        arguments
    }

    fn argument(&mut self, param: &Param, value: &At<RawValue>, names: &Names) -> Option<Argument> {
        if let RawValue::Text(text) = &value.value
            && text.contains("{{")
        {
            return self.passed_on(param, text, value, names);
        }
        if param.kind == ParamKind::Secret {
            let message = format!("the secret `{}` is given in clear", param.name);
            let help = Some("pass a secret of this script on: '{{ name }}'".to_owned());
            self.say(&codes::BAD_ARGUMENT, value.span.clone(), message, help);
            return None;
        }
        match param.accept(value.value.clone().into()) {
            Ok(value) => Some(Argument::Value(value)),
            Err(reason) => {
                let message = format!("the value of `{}` {reason}", param.name);
                self.say(&codes::BAD_ARGUMENT, value.span.clone(), message, None);
                None
            }
        }
    }

    /// `'{{ expression }}'`, and nothing around it: the value goes on as it is.
    fn passed_on(
        &mut self,
        param: &Param,
        text: &str,
        value: &At<RawValue>,
        names: &Names,
    ) -> Option<Argument> {
        let at = At { span: value.span.clone(), style: value.style, value: text.to_owned() };
        let exact = self.exact_line(&at, "the expression");
        let inner = exact.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
        let whole = inner.is_some() && parse_placed(&exact).is_ok_and(|pieces| pieces.len() == 1);
        let Some(inner) = inner.filter(|_| whole) else {
            let message = "a passed value is `'{{ expression }}'` and nothing else";
            self.say(&codes::BAD_ARGUMENT, value.span.clone(), message, None);
            return None;
        };
        match Expr::parse(inner.trim()) {
            Ok(expr) => {
                let offset = exact.find(inner.trim()).unwrap_or(0);
                self.check_names(&expr, &at, offset, names);
                self.fits(param, &expr, value, names);
                Some(Argument::Expr(expr))
            }
            Err(error) => {
                self.say(&codes::BAD_EXPRESSION, value.span.clone(), error.message, None);
                None
            }
        }
    }

    /// A lone name must be of the parameter's kind, and a secret goes to a secret only.
    fn fits(&mut self, param: &Param, expr: &Expr, value: &At<RawValue>, names: &Names) {
        let wanted = Type::of(&param.kind);
        let secret = Self::mentions_secret(expr, names);
        if let (Some(secret), false) = (&secret, wanted == Type::Secret) {
            let message = format!("the secret `{secret}` is given to `{}`, which is none", param.name);
            self.say(&codes::SECRET, value.span.clone(), message, None);
            return;
        }
        if let Some(secret) = Self::alters_secret(expr, names) {
            let message = format!("what is made of the secret `{secret}` here would not be masked");
            let help = Some(format!("pass it on as it is: '{{{{ {secret} }}}}'"));
            self.say(&codes::SECRET, value.span.clone(), message, help);
            return;
        }
        let given = Self::sort_of(expr, names);
        let unfit =
            given.is_some_and(|given| given != wanted) || (wanted == Type::Secret && secret.is_none());
        if unfit {
            let given = given.map_or("no secret", Type::name);
            let message = format!("`{}` takes {}, `{}` is {given}", param.name, param.takes(), expr.source);
            self.say(&codes::BAD_ARGUMENT, value.span.clone(), message, None);
        }
    }
}

/// What to write where a script is named as a file.
fn as_named(name: &str) -> Option<String> {
    let path = name.replace('\\', "/");
    let stem = path.strip_suffix(".yaml").or_else(|| path.strip_suffix(".yml"));
    let named = stem.unwrap_or(&path).trim_start_matches("./");
    (named != name).then(|| {
        format!(
            "a script is used by its name, as its line `script:` has it, without folder and ending: '{named}'"
        )
    })
}
