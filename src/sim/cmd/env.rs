//! The environment block: names without case, values in the order of the names.

use std::collections::BTreeMap;

use crate::sim::windows::files::path::fold;

/// The variables of one process. A child gets a copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Env {
    /// Name and value by the folded name.
    entries: BTreeMap<String, (String, String)>,
}

impl Env {
    /// The value of a variable.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.entries.get(&fold(name)).map(|(_, value)| value.as_str())
    }

    /// Sets a variable; an empty value removes it, as `set X=` does. A known name keeps its spelling.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        let key = fold(name);
        if value.is_empty() {
            self.entries.remove(&key);
            return;
        }
        let entry = self.entries.entry(key).or_insert_with(|| (name.to_owned(), String::new()));
        value.clone_into(&mut entry.1);
    }

    /// Name and value, in the order of the names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.values().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// As pairs, for a program.
    pub(super) fn to_pairs(&self) -> Vec<(String, String)> {
        self.entries.values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_case_and_keep_their_first_spelling() {
        let mut env = Env::default();
        env.set("Path", "a");
        env.set("PATH", "b");
        env.set("alpha", "1");
        assert_eq!(env.value("path"), Some("b"));
        assert_eq!(env.iter().collect::<Vec<_>>(), [("alpha", "1"), ("Path", "b")]);
        env.set("PATH", "");
        assert_eq!(env.to_pairs(), [("alpha".to_owned(), "1".to_owned())]);
    }
}
