//! `targets.yaml`: names of machines, and with each where its console is, who logs in, where the password comes
//! from, its tags and its parameters.
//!
//! The file is read as strictly as a script, with the same errors. It never holds a password.

pub mod codes;
mod find;
mod load;
mod raw;

use std::time::Duration;

use schemars::generate::SchemaSettings;

pub use find::{FILE_NAME, FindError, found_upward, is_inventory, read};
pub use load::load;

use crate::script::diagnostic::Report;
use crate::secret::SecretSource;
use crate::transport::Endpoint;

/// An inventory that can be used.
#[derive(Debug, Clone)]
pub struct Inventory {
    /// The file.
    pub path: String,
    /// The targets, in the order of the file.
    pub targets: Vec<Target>,
    /// Warnings.
    pub warnings: Report,
}

/// A machine and the way to its console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// What it is, for people.
    pub about: Option<String>,
    /// Where its console is.
    pub endpoint: Endpoint,
    /// Who logs in; `DOMAIN\user` as it is written.
    pub user: Option<String>,
    /// The domain of the account.
    pub domain: Option<String>,
    /// Where the password comes from.
    pub password: Option<SecretSource>,
    /// Words to choose it by.
    pub tags: Vec<String>,
    /// The Windows Server that is said to run there: `2019`.
    pub profile: Option<&'static str>,
    /// Parameters of scripts, as behind `-p`.
    pub params: Vec<(String, String)>,
    /// How long to wait for the console and its prompt.
    pub wait: Option<Duration>,
}

impl Inventory {
    /// The target of this name.
    pub fn target(&self, name: &str) -> Option<&Target> {
        self.targets.iter().find(|target| target.name == name)
    }

    /// The names of the targets.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.targets.iter().map(|target| target.name.as_str())
    }
}

/// Whether `text` can be the name of a target; an endpoint never can, since it has a colon.
pub fn is_name(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(word)
}

/// The JSON Schema of the file, made from the same types that read it.
pub fn json_schema() -> serde_json::Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<raw::RawInventory>().to_value();
    crate::script::schema::without_null(&mut schema);
    // Targets are named as machines are, parameters as in scripts.
    if let Some(names) = schema.pointer_mut("/properties/targets/propertyNames/pattern") {
        *names = "^[A-Za-z0-9][A-Za-z0-9._-]*$".into();
    }
    schema
}
