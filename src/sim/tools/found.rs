//! Files that a program's argument means: one path, or all that fit a pattern in its last part.

use super::Process;
use crate::sim::windows::World;
use crate::sim::windows::files::FileError;
use crate::sim::windows::files::path::{WinPath, fold, has_wildcards, matches};

/// The paths that `argument` means, as they are stored.
///
/// # Errors
/// Nothing there, or the folder may not be listed.
pub(super) fn paths(process: &Process, world: &World, argument: &str) -> Result<Vec<WinPath>, FileError> {
    let path = process.path(argument).ok_or(FileError::BadName)?;
    if !has_wildcards(path.name()) {
        world.files.find(&path)?;
        return Ok(vec![world.files.stored(&path)]);
    }
    let folder = path.parent().ok_or(FileError::BadName)?;
    let inside = world.files.list(&folder, &process.token)?;
    let mut names: Vec<String> =
        inside.iter().map(|node| node.name.clone()).filter(|name| matches(path.name(), name)).collect();
    names.sort_by_key(|name| fold(name));
    if names.is_empty() {
        return Err(FileError::NotFound);
    }
    let folder = world.files.stored(&folder);
    Ok(names.iter().map(|name| folder.join(name)).collect())
}

/// What is inside a folder, however deep, each folder before its contents; a folder that may not be listed is an error
/// in the place of its contents.
pub(super) fn below(process: &Process, world: &World, folder: &WinPath) -> Vec<Result<WinPath, WinPath>> {
    if !world.files.is_folder(folder) {
        return Vec::new();
    }
    let Ok(inside) = world.files.list(folder, &process.token) else { return vec![Err(folder.clone())] };
    let mut names: Vec<String> = inside.iter().map(|node| node.name.clone()).collect();
    names.sort_by_key(|name| fold(name));
    let mut all = Vec::new();
    for name in names {
        let path = folder.join(&name);
        let deeper = below(process, world, &path);
        all.push(Ok(path));
        all.extend(deeper);
    }
    all
}
