//! `type`.

use std::sync::Arc;

use super::selection::names_and_switches;
use crate::sim::cmd::handles::{Handle, bare};
use crate::sim::cmd::shell::Shell;
use crate::sim::cmd::text;
use crate::sim::tools::CodePage;
use crate::sim::windows::files::FileError;
use crate::sim::windows::files::path::Target;

/// A file that is shown.
struct Shown {
    name: String,
    contents: Arc<Vec<u8>>,
}

impl Shell {
    /// `type file …`: bytes into a file, text to the console. UTF-16 with its mark is text in both.
    pub(super) fn type_files(&mut self, tail: &str) -> i32 {
        let (names, _) = names_and_switches(tail);
        if names.is_empty() {
            return self.fail(&text::SYNTAX, &[]);
        }
        let several = names.len() > 1 || names.iter().any(|name| name.contains(['*', '?']));
        let mut failed = false;
        for name in &names {
            match self.contents(name) {
                Ok(files) => {
                    for Shown { name: shown, contents } in files {
                        if several {
                            self.sink(2).text(&format!("\r\n{shown}\r\n\r\n\r\n"));
                        }
                        self.put_contents(&contents);
                    }
                }
                Err(error) => {
                    failed = true;
                    self.fail_file(error);
                    if several {
                        self.complain(&text::ERROR_PROCESSING, &[&bare(name)]);
                    }
                }
            }
        }
        if failed { 1 } else { self.succeed() }
    }

    fn contents(&self, name: &str) -> Result<Vec<Shown>, FileError> {
        match self.places.resolve(&bare(name)) {
            Target::Nul | Target::Console => return Ok(Vec::new()),
            Target::NoDevice => return Err(FileError::NotFound),
            Target::Path(path) => {
                if !path.name().contains(['*', '?']) {
                    let contents = self.world.lock().files.read(&path, &self.session.token)?;
                    return Ok(vec![Shown { name: bare(name), contents }]);
                }
            }
        }
        let pattern = self.pattern(name)?;
        let world = self.world.lock();
        let nodes = pattern.nodes(&world.files, self)?;
        let mut found = Vec::new();
        for node in nodes.into_iter().filter(|node| !node.is_folder()) {
            let contents = world.files.read(&pattern.folder.join(&node.name), &self.session.token)?;
            found.push(Shown { name: format!("{}{}", pattern.prefix, node.name), contents });
        }
        if found.is_empty() { Err(FileError::NotFound) } else { Ok(found) }
    }

    fn put_contents(&self, contents: &[u8]) {
        let sink = self.sink(1);
        if let Some(wide) = contents.strip_prefix(b"\xff\xfe") {
            sink.text(&CodePage(1200).decode(wide));
            return;
        }
        let is_file = matches!(self.handles.of(1), Some(Handle::Writing(_) | Handle::Pipe(_)));
        if is_file && self.unicode == crate::sim::cmd::shell::Switch::On {
            sink.text(&CodePage(self.console.code_page()).decode(contents));
        } else {
            sink.bytes(contents);
        }
    }
}
