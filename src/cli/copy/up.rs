//! From this computer to a machine.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tokio::time::Instant;

use super::{Copied, Ended, Job, place};
use crate::cli::failure::Failure;
use crate::report::visible;
use crate::shell::{Came, EntryKind, Outgoing};

/// More than a cabinet holds, and than anybody waits for.
const MOST: u64 = 1 << 30;

/// A file that goes, and where.
struct Item {
    from: PathBuf,
    to: String,
}

/// Refuses what cannot be read, before anything is opened.
pub(super) fn check(sources: &[PathBuf]) -> Result<(), Failure> {
    sources.iter().try_for_each(|source| {
        let unreadable = |error| Failure::usage(format!("cannot read {}: {error}", source.display()));
        let about = fs::metadata(source).map_err(unreadable)?;
        if about.is_file() {
            fs::File::open(source).map_err(unreadable)?;
            if about.len() > MOST {
                return Err(Failure::usage(format!(
                    "{} has {} bytes: too much for a console at any speed",
                    source.display(),
                    about.len()
                )));
            }
        } else if !about.is_dir() {
            return Err(Failure::usage(format!("{} is neither a file nor a folder", source.display())));
        }
        if source.file_name().is_none() {
            return Err(Failure::usage(format!("{} has no name to copy it under", source.display()))
                .help("name the folder itself"));
        }
        Ok(())
    })
}

/// Copies.
pub(super) async fn copy(job: Job<'_>, sources: &[PathBuf], to: &str) -> Result<(), Ended> {
    let as_folder = to.ends_with('\\');
    let to = to.trim_end_matches('\\');
    let root = to.len() == 2 && to.ends_with(':');
    let there =
        if root { true } else { is_folder(job.session.look(to).await?.first().map(|entry| entry.kind)) };
    let into = there || as_folder || sources.len() > 1;
    let mut folders: Vec<String> = if into && !there { vec![to.to_owned()] } else { Vec::new() };
    let mut items = Vec::new();
    for source in sources {
        let to = if into { format!("{to}\\{}", name(source)?) } else { to.to_owned() };
        gather(source, to, &mut items, &mut folders)?;
    }
    // Windows does not tell upper from lower case.
    let places = items.iter().map(|item| (item.from.display().to_string(), item.to.to_lowercase()));
    place::refuse_twice(places)?;
    for folder in folders {
        job.session.make_folder(&folder).await?;
    }
    let mut files = Vec::new();
    for item in items {
        let (content, modified) = read(&item.from)?;
        files.push((job.session.pack(&content, modified).await?, item));
    }
    let carried: u64 = files.iter().map(|(file, _)| file.carried()).sum();
    let mut bar = job.begin(carried)?;
    for (file, item) in files {
        let began = Instant::now();
        bar.file(&item.to);
        let mut progress = |came: Came<'_>| {
            bar.at(came.done);
            true
        };
        let sent = job.session.push(&item.to, &file, &mut progress).await.inspect_err(|_| bar.clear())?;
        bar.file_done(file.carried());
        bar.clear();
        job.tell(&told(&item, &file, sent.resumed, sent.kept_time, began))?;
    }
    Ok(())
}

fn told(item: &Item, file: &Outgoing, resumed: u64, kept_time: bool, began: Instant) -> Copied {
    Copied {
        source: item.from.display().to_string(),
        destination: item.to.clone(),
        size: file.size(),
        carried: file.carried(),
        resumed,
        hash: file.hash().to_owned(),
        began,
        kept_time,
    }
}

fn is_folder(kind: Option<EntryKind>) -> bool {
    kind == Some(EntryKind::Folder)
}

fn name(path: &Path) -> Result<String, Failure> {
    let unfit = |reason: &str| {
        Failure::usage(format!("{}: {reason}", visible::line(&path.display().to_string())))
            .help("rename it, or name the destination with a file name that Windows knows")
    };
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| unfit("its name is no text"))?;
    let reserved = name.chars().any(|c| c.is_control() || "\"<>|:*?\\".contains(c));
    if reserved || name.ends_with(['.', ' ']) {
        return Err(unfit("Windows has no such file names"));
    }
    Ok(name.to_owned())
}

/// A file, or all that is in a folder; links to folders are not followed.
fn gather(from: &Path, to: String, items: &mut Vec<Item>, folders: &mut Vec<String>) -> Result<(), Failure> {
    if !from.is_dir() {
        items.push(Item { from: from.to_owned(), to });
        return Ok(());
    }
    folders.push(to.clone());
    let unreadable = |error| Failure::usage(format!("cannot read {}: {error}", from.display()));
    let mut inside = fs::read_dir(from)
        .and_then(|entries| {
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()
        })
        .map_err(unreadable)?;
    inside.sort();
    for path in inside {
        if path.is_symlink() && path.is_dir() {
            continue;
        }
        let to = format!("{to}\\{}", name(&path)?);
        gather(&path, to, items, folders)?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<(Vec<u8>, Timestamp), Failure> {
    let unreadable = |error| Failure::usage(format!("cannot read {}: {error}", path.display()));
    let content = fs::read(path).map_err(unreadable)?;
    let modified = fs::metadata(path).and_then(|about| about.modified()).map_err(unreadable)?;
    Ok((content, Timestamp::try_from(modified).unwrap_or_default()))
}
