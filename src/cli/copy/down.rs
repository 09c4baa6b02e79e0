//! From a machine to this computer.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use tokio::time::Instant;

use super::{Copied, Ended, Job, place};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::report::visible;
use crate::shell::{Came, EntryKind, Fetched, Incoming};

/// The most that compression is hoped for when files are refused by their sizes alone.
const HOPED: u64 = 10;

/// A file that comes, and where to.
struct Item {
    from: String,
    to: PathBuf,
    size: u64,
}

/// Refuses a destination that cannot be, before anything is opened.
pub(super) fn check(sources: &[String], to: &Path) -> Result<(), Failure> {
    let several = sources.len() > 1 || sources.iter().any(|source| source.contains(['*', '?']));
    if several && to.exists() && !to.is_dir() {
        let message = format!("{} is a file; several files need a folder", to.display());
        return Err(Failure::usage(message));
    }
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    match parent {
        Some(parent) if !to.exists() && !parent.is_dir() => {
            let message = format!("there is no folder {}", parent.display());
            Err(Failure::usage(message).help("make it first"))
        }
        _ => Ok(()),
    }
}

/// Copies.
pub(super) async fn copy(job: Job<'_>, sources: &[String], to: &Path) -> Result<(), Ended> {
    let ends_like_folder = to.as_os_str().to_string_lossy().ends_with(['/', std::path::MAIN_SEPARATOR]);
    let several = sources.len() > 1 || sources.iter().any(|source| source.contains(['*', '?']));
    let into = to.is_dir() || ends_like_folder || several;
    let mut items = Vec::new();
    let mut folders = Vec::new();
    for source in sources {
        let entries = job.session.look(source.trim_end_matches('\\')).await?;
        if entries.is_empty() {
            let message = format!("there is no {} on the machine", visible::line(source));
            return Err(Failure::new(Exit::FINDINGS, message).into());
        }
        for entry in entries {
            let to = if into { to.join(local_name(&entry.path)?) } else { to.to_owned() };
            match entry.kind {
                EntryKind::File(size) => items.push(Item { from: entry.path, to, size }),
                EntryKind::Folder => {
                    let below = job.session.look_below(&entry.path).await?;
                    folders.push(to.clone());
                    for inner in below {
                        let place = below_place(&entry.path, &inner.path, &to)?;
                        match inner.kind {
                            EntryKind::Folder => folders.push(place),
                            EntryKind::File(size) => items.push(Item { from: inner.path, to: place, size }),
                        }
                    }
                }
            }
        }
    }
    let name = |path: &Path| {
        let name = path.display().to_string();
        // These systems do not tell upper from lower case.
        if cfg!(any(windows, target_os = "macos")) { name.to_lowercase() } else { name }
    };
    place::refuse_twice(items.iter().map(|item| (item.from.clone(), name(&item.to))))?;
    // Before the machine copies and packs what nobody will fetch.
    super::estimate::check(&job.target.endpoint, items.iter().map(|item| item.size / HOPED).sum(), job.yes)?;
    if into {
        make(to)?;
    }
    folders.iter().try_for_each(|folder| make(folder))?;
    let mut files = Vec::new();
    for item in items {
        files.push((job.session.ready(&item.from).await?, item));
    }
    let mut bar = job.begin(files.iter().map(|(file, _)| file.carried()).sum())?;
    for (file, item) in files {
        let began = Instant::now();
        bar.file(&item.from);
        let mut part = Part::open(&item.to, &file)?;
        let begun = part.begun.clone();
        let resumed = begun.len() as u64;
        let mut broken = None;
        let mut progress = |came: Came<'_>| {
            bar.at(came.done);
            broken = part.append(came.new).err();
            broken.is_none()
        };
        let fetched = job.session.pull(&file, &begun, &mut progress).await;
        bar.clear();
        if let Some(error) = broken {
            return Err(error.into());
        }
        let fetched = fetched?;
        bar.file_done(file.carried());
        part.finish(&item.to, &fetched)?;
        job.tell(&Copied {
            source: item.from,
            destination: item.to.display().to_string(),
            size: file.size(),
            carried: file.carried(),
            resumed,
            hash: file.hash().to_owned(),
            began,
            kept_time: fetched.modified.is_some(),
        })?;
    }
    Ok(())
}

/// What has come of a file so far, beside its place, named after what it will be.
struct Part {
    path: PathBuf,
    file: File,
    begun: Vec<u8>,
}

impl Part {
    fn open(to: &Path, incoming: &Incoming) -> Result<Self, Failure> {
        let name = to.file_name().unwrap_or_default().to_string_lossy();
        let hash = incoming.carried_hash();
        let mark = hash.get(..12).unwrap_or("empty");
        let path = to.with_file_name(format!("{name}.sacpilot-{mark}"));
        let unwritable = |error| Failure::usage(format!("cannot write {}: {error}", path.display()));
        let begun = fs::read(&path).unwrap_or_default();
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(unwritable)?;
        if begun.len() as u64 > incoming.carried() {
            file.set_len(0).map_err(unwritable)?;
            return Ok(Self { path, file, begun: Vec::new() });
        }
        // Only whole pages count; the rest comes again.
        let whole = begun.len() - begun.len() % Incoming::PAGE;
        file.set_len(whole as u64).map_err(unwritable)?;
        Ok(Self { path, file, begun: begun[..whole].to_vec() })
    }

    fn append(&mut self, new: &[u8]) -> Result<(), Failure> {
        self.file
            .write_all(new)
            .map_err(|error| Failure::usage(format!("cannot write {}: {error}", self.path.display())))
    }

    /// Puts the whole file in its place.
    fn finish(self, to: &Path, fetched: &Fetched) -> Result<(), Failure> {
        let path = &self.path;
        let written = || -> std::io::Result<()> {
            self.file.set_len(0)?;
            let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
            file.write_all(&fetched.content)?;
            if let Some(modified) = fetched.modified {
                file.set_modified(modified.into())?;
            }
            file.sync_all()?;
            fs::rename(path, to)
        };
        written().map_err(|error| Failure::usage(format!("cannot write {}: {error}", to.display())))
    }
}

fn make(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder)
        .map_err(|error| Failure::usage(format!("cannot make the folder {}: {error}", folder.display())))
}

/// The name of a file of the machine as one of this computer: never a path.
fn local_name(path: &str) -> Result<String, Failure> {
    let name = path.trim_end_matches('\\').rsplit('\\').next().unwrap_or_default();
    let unfit =
        name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) || name.ends_with(':');
    if unfit {
        return Err(Failure::usage(format!("`{}` has no name to copy it under", visible::line(path)))
            .help("name the folder itself"));
    }
    Ok(name.to_owned())
}

/// Where something below a folder of the machine goes: what the machine says is no way out of the destination.
fn below_place(folder: &str, path: &str, to: &Path) -> Result<PathBuf, Failure> {
    let inside = path.get(folder.len()..).unwrap_or_default().trim_start_matches('\\');
    inside.split('\\').try_fold(to.to_owned(), |place, part| Ok(place.join(local_name(part)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_the_machine_says_leads_out_of_the_destination() {
        let to = Path::new("here");
        assert_eq!(below_place(r"C:\a", r"C:\a\b\c.txt", to).unwrap(), to.join("b").join("c.txt"));
        for path in [r"C:\a\..\x", r"C:\a\b/../../x", r"C:\a\"] {
            assert!(below_place(r"C:\a", path, to).is_err(), "{path}");
        }
        assert!(local_name(r"C:\").is_err());
    }
}
