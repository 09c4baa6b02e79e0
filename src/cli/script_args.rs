//! `SCRIPT -p name=value`: the script that is meant, loaded and checked, and its parameters.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::login;
use crate::engine::Masks;
use crate::engine::run::digests;
use crate::report::visible;
use crate::script::diagnostic::Style;
use crate::script::library::{Library, LibraryError};
use crate::script::loader::{self, LoadError, Loaded};
use crate::script::model::{Param, ParamKind, Scope, Script};
use crate::script::parameters::{self, ParameterError};
use crate::script::plan::Plan;
use crate::script::similar::did_you_mean;
use crate::secret::SecretSource;

/// A script and its parameters.
#[derive(Debug, Clone, clap::Args)]
pub struct ScriptArgs {
    /// A script that ships (`sacpilot scripts`), or a file (my.yaml)
    #[arg(value_name = "SCRIPT")]
    pub script: String,

    /// Sets a parameter; a list is parted by commas
    #[arg(short, long = "param", value_name = "NAME=VALUE", value_parser = pair)]
    pub param: Vec<(String, String)>,

    /// Names the source of a secret parameter: NAME=env:VARIABLE, NAME=file:PATH or NAME=command:COMMAND
    #[arg(long, value_name = "NAME=SOURCE", value_parser = secret_source)]
    pub secret: Vec<(String, SecretSource)>,
}

/// A script ready to be run.
pub struct Bound {
    /// The script.
    pub script: Arc<Script>,
    /// All its parameters.
    pub params: Scope,
    /// Its secrets.
    pub masks: Masks,
    /// The texts of all scripts that take part, by name.
    pub sources: BTreeMap<String, String>,
}

impl ScriptArgs {
    /// Loads the script; warnings go to standard error.
    pub fn load(&self, context: &Context) -> Result<Arc<Script>, Failure> {
        let loaded = load(&self.script, context)?;
        if !loaded.warnings.diagnostics.is_empty() && !context.globals.quiet {
            context.tell(&loaded.warnings.render(context.stderr_style()));
        }
        Ok(loaded.script)
    }

    /// Loads the script and binds its parameters; `of_target` are those of the inventory, for every script that has
    /// them. What the user gives comes first.
    pub fn bind(&self, of_target: &[(String, String)], context: &Context) -> Result<Bound, Failure> {
        let (script, mut params) = self.values(of_target, context)?;
        let masks = self.secrets(&script, &mut params)?;
        let sources = self.sources(&script)?;
        Ok(Bound { script, params, masks, sources })
    }

    /// The same for those who only read, and type no secret: these are names, and nobody looks where they come from.
    pub fn bind_to_read(&self, of_target: &[(String, String)], context: &Context) -> Result<Bound, Failure> {
        let (script, mut params) = self.values(of_target, context)?;
        for (name, _) in &self.secret {
            secret_param(&script, name)?;
        }
        for param in script.params.iter().filter(|param| param.kind == ParamKind::Secret) {
            params.insert(param.name.clone(), format!("‹{}›", param.name).into());
        }
        let sources = self.sources(&script)?;
        Ok(Bound { script, params, masks: Masks::default(), sources })
    }

    /// The script with its parameters but for the secrets.
    fn values(
        &self,
        of_target: &[(String, String)],
        context: &Context,
    ) -> Result<(Arc<Script>, Scope), Failure> {
        let script = self.load(context)?;
        let meant = |name: &str| {
            let known = script.params.iter().find(|param| param.name == name);
            known.is_some_and(|param| param.kind != ParamKind::Secret)
                && !self.param.iter().any(|(given, _)| given == name)
        };
        let mut given: Vec<_> = of_target.iter().filter(|(name, _)| meant(name)).cloned().collect();
        given.extend(self.param.iter().cloned());
        let params = parameters::bind(&script, &given).map_err(|errors| parameter_failure(&errors))?;
        // A value that a command cannot take is refused before anything is sent, not when its step has its turn.
        if let Some((step, reason)) = Plan::new(&script, &params).refused() {
            return Err(Failure::usage(format!("step `{step}`: {reason}"))
                .help(format!("give another value with -p; `sacpilot scripts {}` tells them", self.script)));
        }
        Ok((script, params))
    }

    /// The texts of all scripts that take part, as they are now.
    fn sources(&self, script: &Script) -> Result<BTreeMap<String, String>, Failure> {
        let (library, _) = Library::open(&self.script).map_err(|error| unknown_script(&error))?;
        let names = digests(script).into_keys();
        names
            .map(|name| {
                let source = library.source(&name).map_err(|error| unknown_script(&error))?;
                Ok((name, source.text))
            })
            .collect()
    }

    /// Reads the secret parameters into `params`.
    pub fn secrets(&self, script: &Script, params: &mut Scope) -> Result<Masks, Failure> {
        let masks = given_secrets(script, &self.secret, params)?;
        let mut secrets = script.params.iter().filter(|param| param.kind == ParamKind::Secret);
        match secrets.find(|param| !masks.holds(&param.name)) {
            None => Ok(masks),
            Some(param) => {
                Err(Failure::usage(format!("`{}` needs the secret `{}`", script.name, param.name))
                    .help(format!("name its source: --secret {}=env:VARIABLE (or file:PATH)", param.name)))
            }
        }
    }
}

/// The secret parameter of this name.
fn secret_param<'s>(script: &'s Script, name: &str) -> Result<&'s Param, Failure> {
    let Some(param) = script.params.iter().find(|param| param.name == name) else {
        let secrets = script.params.iter().filter(|param| param.kind == ParamKind::Secret);
        let help = did_you_mean(name, secrets.map(|param| param.name.as_str()));
        let failure = Failure::usage(format!("{} has no secret parameter `{name}`", script.name));
        return Err(match help {
            Some(help) => failure.help(help),
            None => failure,
        });
    };
    if param.kind != ParamKind::Secret {
        let message = format!("the parameter `{name}` of {} is no secret", script.name);
        return Err(Failure::usage(message).help(format!("give it with -p {name}=…")));
    }
    Ok(param)
}

/// Reads the secret parameters that are given into `params`.
pub fn given_secrets(
    script: &Script,
    given: &[(String, SecretSource)],
    params: &mut Scope,
) -> Result<Masks, Failure> {
    let mut masks = Masks::default();
    for (name, source) in given {
        let param = secret_param(script, name)?;
        if masks.holds(name) {
            return Err(Failure::usage(format!("the secret `{name}` is given twice")));
        }
        let secret = login::read(source, &format!("secret `{name}`"))?;
        let value = param
            .accept(secret.expose().into())
            .map_err(|reason| Failure::usage(format!("the value of the secret `{name}` {reason}")))?;
        params.insert(name.clone(), value);
        masks.add(name, secret);
    }
    Ok(masks)
}

/// Loads and checks a script by name or file.
pub fn load(argument: &str, context: &Context) -> Result<Loaded, Failure> {
    let (library, name) = Library::open(argument).map_err(|error| unknown_script(&error))?;
    loader::load(&library, &name).map_err(|error| match error {
        LoadError::Library(error) => unknown_script(&error),
        LoadError::Script(report) => Failure::rendered(Exit::USAGE, report.render(context.stderr_style())),
    })
}

/// A script that is not there.
pub fn unknown_script(error: &LibraryError) -> Failure {
    Failure::usage(visible::line(&error.to_string())).help(error.help())
}

/// All that is wrong with the parameters, at once.
fn parameter_failure(errors: &[ParameterError]) -> Failure {
    let lines: Vec<String> = errors
        .iter()
        .map(|error| {
            let help = match error {
                ParameterError::Secret { name } => {
                    format!("name its source: --secret {name}=env:VARIABLE (or file:PATH, command:COMMAND)")
                }
                _ => error.help(),
            };
            format!("error: {}\n  help: {help}\n", visible::line(&error.to_string()))
        })
        .collect();
    Failure::rendered(Exit::USAGE, lines.concat())
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

pub(super) fn secret_source(text: &str) -> Result<(String, SecretSource), String> {
    let (name, source) = pair(text).map_err(|_| "write it as NAME=SOURCE".to_owned())?;
    let wrong = || "a source is env:VARIABLE, file:PATH or command:COMMAND".to_owned();
    let source = SecretSource::parse(source.as_ref()).ok_or_else(wrong)?;
    Ok((name, source))
}

impl Context {
    /// How diagnostics are rendered for standard error.
    pub fn stderr_style(&self) -> Style {
        if self.stderr_color { Style::Ansi } else { Style::Plain }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_and_sources() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(pair("a="), Ok(("a".to_owned(), String::new())));
        assert!(pair("a").is_err() && pair("=b").is_err());
        assert_eq!(
            secret_source("key=env:X"),
            Ok(("key".to_owned(), SecretSource::Variable("X".to_owned())))
        );
        assert_eq!(
            secret_source("key=file:C:\\x"),
            Ok(("key".to_owned(), SecretSource::File("C:\\x".into())))
        );
        assert!(secret_source("key=hunter2").is_err());
    }
}
