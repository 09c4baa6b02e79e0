//! `for` over words, files, folders, trees and numbers. Lines are in [`super::lines`].

use super::handles::bare;
use super::percent::split;
use super::shell::{Shell, Stop, Switch};
use super::substitute::number;
use super::tree::{For, ForKind};
use crate::sim::windows::files::node::attribute;
use crate::sim::windows::files::path::{Places, Target, WinPath, has_wildcards, matches};

/// What a pattern of a `for` is looked for among.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Among {
    Files,
    Folders,
}

impl Shell {
    pub(super) async fn repetition(&mut self, one: &For) -> Result<i32, Stop> {
        let set = self.late(&one.set);
        match &one.kind {
            ForKind::Plain => self.each_word(one, &set, Among::Files).await,
            ForKind::Folders => self.each_word(one, &set, Among::Folders).await,
            ForKind::Tree { root, folders } => {
                let among = if *folders { Among::Folders } else { Among::Files };
                self.tree(one, &set, root.as_deref(), among).await
            }
            ForKind::Numbers => self.numbers(one, &set).await,
            ForKind::Lines(options) => self.lines(one, options, &set).await,
        }
    }

    /// Runs the body with values for the variable and those after it.
    pub(super) async fn iteration(&mut self, one: &For, values: &[String]) -> Result<i32, Stop> {
        self.rest().await?;
        let level = self.variables.len();
        for (at, value) in values.iter().enumerate() {
            let Some(letter) = char::from_u32(u32::from(one.variable) + at as u32) else { break };
            self.variables.push((letter, value.clone()));
        }
        self.loops += 1;
        if self.echo == Switch::On {
            self.echo_line(&one.body);
        }
        let result = self.run(&one.body).await;
        self.loops = self.loops.saturating_sub(1);
        self.variables.truncate(level);
        result
    }

    async fn each_word(&mut self, one: &For, set: &str, among: Among) -> Result<i32, Stop> {
        let mut code = 0;
        let here = self.places.clone();
        for word in split(set) {
            if !has_wildcards(&word) {
                code = self.iteration(one, &[word]).await?;
                continue;
            }
            for found in self.found(&bare(&word), &here, among) {
                code = self.iteration(one, &[found]).await?;
            }
        }
        Ok(code)
    }

    /// The names that match, with the folder as it was written before them.
    fn found(&self, pattern: &str, here: &Places, among: Among) -> Vec<String> {
        let Target::Path(path) = here.resolve(pattern) else { return Vec::new() };
        // A folder written with `/` is not put before the names; Windows does it so.
        let prefix = pattern.rfind(['\\', ':']).map_or("", |at| &pattern[..=at]);
        let world = self.world.lock();
        let Some(parent) = path.parent() else { return Vec::new() };
        let Ok(nodes) = world.files.list(&parent, &self.session.token) else { return Vec::new() };
        nodes
            .into_iter()
            .filter(|node| node.is_folder() == (among == Among::Folders))
            .filter(|node| !node.has(attribute::HIDDEN) && matches(path.name(), &node.name))
            .map(|node| format!("{prefix}{}", node.name))
            .collect()
    }

    async fn tree(&mut self, one: &For, set: &str, root: Option<&str>, among: Among) -> Result<i32, Stop> {
        let root = match root {
            Some(root) => match self.places.resolve(&bare(&self.late(root))) {
                Target::Path(path) => path,
                _ => return Ok(0),
            },
            None => self.places.current.clone(),
        };
        let mut code = 0;
        let mut folders = vec![self.world.lock().files.stored(&root)];
        while let Some(folder) = folders.pop() {
            let below = self.folders_in(&folder);
            let Some(below) = below else { continue };
            let shown = folder.to_string();
            let shown = shown.trim_end_matches('\\');
            for word in split(set) {
                let word = bare(&word);
                if !has_wildcards(&word) {
                    code = self.iteration(one, &[format!("{shown}\\{word}")]).await?;
                    continue;
                }
                for found in self.found(&word, &Places::at(folder.clone()), among) {
                    code = self.iteration(one, &[format!("{shown}\\{found}")]).await?;
                }
            }
            folders.extend(below.into_iter().rev());
        }
        Ok(code)
    }

    /// The folders inside, in their order; `None` where there is nothing to walk.
    fn folders_in(&self, folder: &WinPath) -> Option<Vec<WinPath>> {
        let world = self.world.lock();
        let nodes = world.files.list(folder, &self.session.token).ok()?;
        let below = nodes.into_iter().filter(|node| node.is_folder() && !node.has(attribute::HIDDEN));
        Some(below.map(|node| folder.join(&node.name)).collect())
    }

    async fn numbers(&mut self, one: &For, set: &str) -> Result<i32, Stop> {
        let words = split(set);
        let at = |place: usize| words.get(place).map_or(0, |word| number(word).0);
        let (start, step, end) = (at(0), at(1), at(2));
        let mut code = 0;
        let mut value = start;
        // A step of 0 goes on for ever, as on Windows.
        while if step < 0 { value >= end } else { value <= end } {
            code = self.iteration(one, &[value.to_string()]).await?;
            value += step;
        }
        Ok(code)
    }
}
