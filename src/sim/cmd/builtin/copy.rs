//! `copy`: one file, several, several into one; as text (up to Ctrl-Z) or as bytes.

use jiff::Timestamp;

use super::relocate::{Answer, Overwrite};
use super::selection::{Word, words};
use crate::sim::cmd::handles::bare;
use crate::sim::cmd::shell::{Shell, Stop};
use crate::sim::cmd::text;
use crate::sim::tools::stream::Stdin;
use crate::sim::windows::files::FileError;
use crate::sim::windows::files::path::{Target, WinPath, has_wildcards};

/// How a file is read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Bytes,
}

/// A name with the `/a` or `/b` that holds for it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Item {
    name: String,
    kind: Option<Kind>,
}

/// The command line of `copy`, read.
#[derive(Debug, Default, PartialEq, Eq)]
struct Plan {
    sources: Vec<Item>,
    to: Option<Item>,
    joined: bool,
    switches: Vec<String>,
}

/// A file to copy: its name as shown, its place, its contents and their time.
struct Piece {
    shown: String,
    path: Option<WinPath>,
    contents: Vec<u8>,
    modified: Timestamp,
}

const CTRL_Z: u8 = 0x1a;

impl Shell {
    pub(super) async fn copy(&mut self, tail: &str) -> Result<i32, Stop> {
        let Some(plan) = Plan::parse(tail) else { return Ok(self.fail(&text::SYNTAX, &[])) };
        let wishes: Vec<String> = plan.switches.clone();
        let Some(overwrite) = self.overwrite_rule(&wishes) else {
            return Ok(self.fail(&text::SYNTAX, &[]));
        };
        let is_wild = plan.sources.iter().any(|item| has_wildcards(&item.name));
        let to = plan.to.clone().unwrap_or_else(|| {
            // `a+b` alone goes into a; one name alone goes into the current folder.
            let name = if plan.joined { plan.sources[0].name.clone() } else { ".".to_owned() };
            Item { name, kind: plan.sources.last().and_then(|item| item.kind) }
        });
        let target = self.places.resolve(&bare(&to.name));
        let is_folder = matches!(&target, Target::Path(path) if self.world.lock().files.is_folder(path));
        let ends_like_folder = bare(&to.name).ends_with('\\');
        if ends_like_folder && !is_folder && !plan.joined {
            return Ok(self.fail(&text::PATH_NOT_FOUND, &[]));
        }
        if plan.joined
            || (is_wild && !is_folder && matches!(&target, Target::Path(path) if !has_wildcards(path.name())))
        {
            return self.join_files(&plan, &to, target, is_folder, overwrite).await;
        }
        self.copy_each(&plan, &to, &target, is_folder, overwrite).await
    }

    async fn copy_each(
        &mut self,
        plan: &Plan,
        to: &Item,
        target: &Target,
        is_folder: bool,
        mut overwrite: Overwrite,
    ) -> Result<i32, Stop> {
        let item = &plan.sources[0];
        let is_wild = has_wildcards(&item.name);
        let pieces = match self.pieces(item).await? {
            Ok(pieces) => pieces,
            Err(error) => return Ok(self.refuse_copy(error, is_wild)),
        };
        let mut copied = 0;
        for mut piece in pieces {
            if item.kind == Some(Kind::Text) {
                cut_at_mark(&mut piece.contents);
            }
            if to.kind == Some(Kind::Text) && item.kind == Some(Kind::Text) {
                piece.contents.push(CTRL_Z);
            }
            if is_wild {
                self.print(&format!("{}\r\n", piece.shown));
            }
            let place = match target {
                Target::Path(path) if is_folder => Target::Path(path.join(&last_part(&piece.shown))),
                Target::Path(path) if has_wildcards(path.name()) => {
                    let name = super::relocate::renamed(&last_part(&piece.shown), path.name());
                    Target::Path(path.parent().map_or_else(|| path.clone(), |folder| folder.join(&name)))
                }
                other => other.clone(),
            };
            if let (Target::Path(place), Some(source)) = (&place, &piece.path)
                && place.is_same(source)
            {
                self.complain(&text::ONTO_ITSELF, &[]);
                self.say(&text::COPIED, &[&copied.to_string()]);
                self.level = 1;
                return Ok(1);
            }
            match self.may_overwrite(&place, &mut overwrite).await? {
                Answer::Yes | Answer::All => {}
                Answer::No => continue,
                Answer::Nothing => {
                    self.say(&text::COPIED, &[&copied.to_string()]);
                    self.level = 1;
                    return Ok(1);
                }
            }
            if let Err(error) = self.put(&place, piece.contents, piece.modified) {
                self.fail_file(error);
                self.say(&text::COPIED, &[&format!("{copied:>1}")]);
                return Ok(1);
            }
            copied += 1;
        }
        self.say(&text::COPIED, &[&copied.to_string()]);
        Ok(self.succeed())
    }

    async fn join_files(
        &mut self,
        plan: &Plan,
        to: &Item,
        target: Target,
        is_folder: bool,
        mut overwrite: Overwrite,
    ) -> Result<i32, Stop> {
        let mut all = Vec::new();
        let mut place = target;
        let mut found_any = false;
        for (at, item) in plan.sources.iter().enumerate() {
            let pieces = match self.pieces(item).await? {
                Ok(pieces) => pieces,
                // A file that is missing is passed over, the first one is not.
                Err(_) if found_any => continue,
                Err(error) => return Ok(self.refuse_copy(error, has_wildcards(&item.name))),
            };
            for mut piece in pieces {
                if !found_any
                    && is_folder
                    && let Target::Path(folder) = &place
                {
                    place = Target::Path(folder.join(&last_part(&piece.shown)));
                }
                let is_target =
                    matches!((&place, &piece.path), (Target::Path(to), Some(from)) if to.is_same(from));
                let first = !found_any;
                found_any = true;
                self.print(&format!("{}\r\n", piece.shown));
                // A later source that is the target has been emptied by then.
                if is_target && !(first && at == 0) {
                    continue;
                }
                if item.kind.unwrap_or(Kind::Text) == Kind::Text {
                    cut_at_mark(&mut piece.contents);
                }
                all.extend(piece.contents);
            }
        }
        if to.kind.unwrap_or(Kind::Text) == Kind::Text {
            all.push(CTRL_Z);
        }
        let is_first = plan.sources.first().is_some_and(|item| bare(&item.name) == bare(&to.name));
        if !is_first && self.may_overwrite(&place, &mut overwrite).await? == Answer::Nothing {
            self.say(&text::COPIED, &["0"]);
            self.level = 1;
            return Ok(1);
        }
        let now = self.now();
        if let Err(error) = self.put(&place, all, now) {
            self.fail_file(error);
            self.say(&text::COPIED, &["0"]);
            return Ok(1);
        }
        self.say(&text::COPIED, &["1"]);
        Ok(self.succeed())
    }

    fn refuse_copy(&mut self, error: FileError, is_wild: bool) -> i32 {
        self.fail_file(error);
        if is_wild {
            self.say(&text::COPIED, &["0"]);
        }
        1
    }

    /// The files that a source means.
    async fn pieces(&mut self, item: &Item) -> Result<Result<Vec<Piece>, FileError>, Stop> {
        let name = bare(&item.name);
        let now = self.now();
        let device = |contents| Ok(vec![Piece { shown: name.clone(), path: None, contents, modified: now }]);
        Ok(match self.places.resolve(&name) {
            Target::Nul => device(Vec::new()),
            Target::Console => device(self.typed_lines().await?),
            Target::NoDevice => Err(FileError::NotFound),
            Target::Path(_) if name.ends_with('\\') && !self.is_existing_folder(&name) => {
                Err(FileError::NotFound)
            }
            Target::Path(_) => self.files_of(&name),
        })
    }

    fn is_existing_folder(&self, name: &str) -> bool {
        matches!(self.places.resolve(name), Target::Path(path) if self.world.lock().files.is_folder(&path))
    }

    fn files_of(&self, name: &str) -> Result<Vec<Piece>, FileError> {
        let pattern = self.pattern(name)?;
        let world = self.world.lock();
        if !pattern.is_wild() {
            let path = pattern.folder.join(&pattern.name);
            let contents = world.files.read(&path, &self.session.token)?.to_vec();
            let modified = world.files.find(&path)?.modified;
            return Ok(vec![Piece { shown: name.to_owned(), path: Some(path), contents, modified }]);
        }
        let mut pieces = Vec::new();
        for node in pattern.nodes(&world.files, self)?.into_iter().filter(|node| !node.is_folder()) {
            let path = pattern.folder.join(&node.name);
            let contents = world.files.read(&path, &self.session.token)?.to_vec();
            let shown = format!("{}{}", pattern.prefix, node.name);
            pieces.push(Piece { shown, path: Some(path), contents, modified: node.modified });
        }
        if pieces.is_empty() { Err(FileError::NotFound) } else { Ok(pieces) }
    }

    /// `copy con`: lines up to Ctrl-Z.
    async fn typed_lines(&mut self) -> Result<Vec<u8>, Stop> {
        let stdin = Stdin::Console(self.console.clone());
        let mut typed = Vec::new();
        while let Some(line) = stdin.line(self.page()).await? {
            if let Some((before, _)) = line.split_once('\u{1a}') {
                typed.extend(self.page().encode(before));
                break;
            }
            typed.extend(self.page().encode(&line));
            typed.extend(b"\r\n");
        }
        Ok(typed)
    }

    async fn may_overwrite(&mut self, place: &Target, overwrite: &mut Overwrite) -> Result<Answer, Stop> {
        let Target::Path(path) = place else { return Ok(Answer::Yes) };
        if *overwrite == Overwrite::Always || !self.world.lock().files.is_file(path) {
            return Ok(Answer::Yes);
        }
        let shown = if path.parent().is_some_and(|folder| folder.is_same(&self.places.current)) {
            path.name().to_owned()
        } else {
            path.to_string()
        };
        let answer = self.ask_overwrite(&shown).await?;
        if answer == Answer::All {
            *overwrite = Overwrite::Always;
        }
        Ok(answer)
    }

    fn put(&self, place: &Target, contents: Vec<u8>, modified: Timestamp) -> Result<(), FileError> {
        match place {
            Target::Nul => Ok(()),
            Target::Console => {
                self.sink(1).bytes(&contents);
                Ok(())
            }
            Target::NoDevice => Err(FileError::NotFound),
            Target::Path(path) => {
                let mut world = self.world.lock();
                world.files.write(path, contents, &self.session.token, modified).map_err(
                    |error| match error {
                        FileError::NotFound => FileError::PathNotFound,
                        other => other,
                    },
                )
            }
        }
    }
}

impl Plan {
    fn parse(tail: &str) -> Option<Self> {
        let mut plan = Self::default();
        let mut items: Vec<Item> = Vec::new();
        let mut in_force = None;
        let mut joins = false;
        let mut groups = 0;
        for word in words(tail, true) {
            match word {
                Word::Switch(switch) => match switch.as_str() {
                    "a" | "b" => {
                        in_force = Some(if switch == "a" { Kind::Text } else { Kind::Bytes });
                        if let Some(item) = items.last_mut() {
                            item.kind = in_force;
                        }
                    }
                    "y" | "-y" => plan.switches.push(switch),
                    "v" | "n" | "z" | "d" | "l" | "j" | "-j" => {}
                    _ => return None,
                },
                Word::Plus => {
                    joins = true;
                    plan.joined = true;
                }
                Word::Name(name) => {
                    if !std::mem::take(&mut joins) {
                        groups += 1;
                    }
                    items.push(Item { name, kind: in_force });
                }
            }
        }
        match groups {
            1 => plan.sources = items,
            2 => {
                plan.to = items.pop();
                plan.sources = items;
            }
            _ => return None,
        }
        (!plan.sources.is_empty()).then_some(plan)
    }
}

fn cut_at_mark(contents: &mut Vec<u8>) {
    if let Some(at) = contents.iter().position(|byte| *byte == CTRL_Z) {
        contents.truncate(at);
    }
}

fn last_part(name: &str) -> String {
    name.rsplit(['\\', '/', ':']).next().unwrap_or(name).to_owned()
}
