//! The disks of the machine: files and folders without case, with permissions and a limit.
//!
//! Every operation is asked for by a [`Token`] and checked as NTFS does. Traversal is free for everybody
//! (SeChangeNotifyPrivilege).

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

pub mod node;
pub mod path;
pub mod tree;

use super::acl::{ObjectKind, Security, Token, right};
use super::sid::Sid;
use node::{Body, Node, attribute};
use path::{WinPath, is_valid_name};

/// Why a file operation failed; the numbers are Win32 error codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// 2
    #[error("The system cannot find the file specified.")]
    NotFound,
    /// 3
    #[error("The system cannot find the path specified.")]
    PathNotFound,
    /// 5
    #[error("Access is denied.")]
    AccessDenied,
    /// 15
    #[error("The system cannot find the drive specified.")]
    NoDrive,
    /// 32
    #[error("The process cannot access the file because it is being used by another process.")]
    InUse,
    /// 112
    #[error("There is not enough space on the disk.")]
    DiskFull,
    /// 123
    #[error("The filename, directory name, or volume label syntax is incorrect.")]
    BadName,
    /// 145
    #[error("The directory is not empty.")]
    NotEmpty,
    /// 183
    #[error("Cannot create a file when that file already exists.")]
    Exists,
    /// 267
    #[error("The directory name is invalid.")]
    NotFolder,
}

/// The disks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    drives: BTreeMap<char, Drive>,
}

/// One volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drive {
    /// The volume label; empty when it has none.
    pub label: String,
    /// The serial number, shown as `XXXX-XXXX`.
    pub serial: u32,
    /// Size in bytes.
    pub capacity: u64,
    /// Bytes that are still free; writing more fails.
    pub free: u64,
    /// Its file system has errors that `chkdsk /f` repairs.
    pub damaged: bool,
    /// The root folder.
    pub root: Node,
}

impl FileError {
    /// The Win32 error code.
    pub fn code(self) -> i32 {
        match self {
            Self::NotFound => 2,
            Self::PathNotFound => 3,
            Self::AccessDenied => 5,
            Self::NoDrive => 15,
            Self::InUse => 32,
            Self::DiskFull => 112,
            Self::BadName => 123,
            Self::NotEmpty => 145,
            Self::Exists => 183,
            Self::NotFolder => 267,
        }
    }
}

impl Files {
    /// The drives by letter.
    pub fn drives(&self) -> impl Iterator<Item = (char, &Drive)> {
        self.drives.iter().map(|(letter, drive)| (*letter, drive))
    }

    /// The volume behind a letter.
    pub fn drive(&self, letter: char) -> Option<&Drive> {
        self.drives.get(&letter.to_ascii_uppercase())
    }

    /// The volume behind a letter, to change it.
    pub fn drive_mut(&mut self, letter: char) -> Option<&mut Drive> {
        self.drives.get_mut(&letter.to_ascii_uppercase())
    }

    /// Attaches a volume.
    pub fn attach(&mut self, letter: char, drive: Drive) {
        self.drives.insert(letter.to_ascii_uppercase(), drive);
    }

    /// Takes a volume away.
    pub fn detach(&mut self, letter: char) -> Option<Drive> {
        self.drives.remove(&letter.to_ascii_uppercase())
    }

    /// The node at `path`, whoever asks.
    pub fn look(&self, path: &WinPath) -> Option<&Node> {
        let root = &self.drive(path.drive)?.root;
        path.parts.iter().try_fold(root, |node, part| node.child(part))
    }

    /// The node at `path`, to change it past every check (scenarios, services of the machine).
    pub fn look_mut(&mut self, path: &WinPath) -> Option<&mut Node> {
        let root = &mut self.drive_mut(path.drive)?.root;
        path.parts.iter().try_fold(root, |node, part| node.child_mut(part))
    }

    /// The node at `path`, or which part of the way is missing.
    ///
    /// # Errors
    /// [`FileError::BadName`], [`FileError::PathNotFound`] when the drive or a folder on the way is missing,
    /// [`FileError::NotFound`] when only the last part is.
    pub fn find(&self, path: &WinPath) -> Result<&Node, FileError> {
        let mut node = &self.drive(path.drive).ok_or(FileError::PathNotFound)?.root;
        for (at, part) in path.parts.iter().enumerate() {
            if !is_valid_name(part) {
                return Err(FileError::BadName);
            }
            let is_last = at + 1 == path.parts.len();
            node = match node.child(part) {
                Some(child) => child,
                None if is_last && node.is_folder() => return Err(FileError::NotFound),
                None => return Err(FileError::PathNotFound),
            };
        }
        Ok(node)
    }

    /// Whether there is a folder at `path`.
    pub fn is_folder(&self, path: &WinPath) -> bool {
        self.look(path).is_some_and(Node::is_folder)
    }

    /// Whether there is a file at `path`.
    pub fn is_file(&self, path: &WinPath) -> bool {
        self.look(path).is_some_and(|node| !node.is_folder())
    }

    /// The path with the names as they are stored (`c:\windows` becomes `C:\Windows`).
    pub fn stored(&self, path: &WinPath) -> WinPath {
        let mut stored = WinPath::root(path.drive);
        let mut node = self.drive(path.drive).map(|drive| &drive.root);
        for part in &path.parts {
            node = node.and_then(|folder| folder.child(part));
            stored.parts.push(node.map_or_else(|| part.clone(), |found| found.name.clone()));
        }
        stored
    }

    /// The contents of a file.
    pub fn read(&self, path: &WinPath, who: &Token) -> Result<Arc<Vec<u8>>, FileError> {
        let node = self.find(path)?;
        let Body::File(bytes) = &node.body else { return Err(FileError::AccessDenied) };
        if !node.security.allows(who, right::READ_DATA) {
            return Err(FileError::AccessDenied);
        }
        if node.in_use {
            return Err(FileError::InUse);
        }
        Ok(Arc::clone(bytes))
    }

    /// What is inside a folder, in the order of the names.
    pub fn list(&self, path: &WinPath, who: &Token) -> Result<Vec<&Node>, FileError> {
        let node = self.find(path)?;
        if !node.is_folder() {
            return Err(FileError::NotFolder);
        }
        if !node.security.allows(who, right::READ_DATA) {
            return Err(FileError::AccessDenied);
        }
        Ok(node.children().collect())
    }

    /// Writes a file whole: makes it, or replaces what is in it.
    pub fn write(
        &mut self,
        path: &WinPath,
        bytes: impl Into<Arc<Vec<u8>>>,
        who: &Token,
        now: Timestamp,
    ) -> Result<(), FileError> {
        let bytes = bytes.into();
        self.may_write(path, who)?;
        let old = self.look(path).map_or(0, Node::size);
        self.reserve(path.drive, old, bytes.len() as u64)?;
        if self.look(path).is_none() {
            self.add(path, ObjectKind::File, who, now)?;
        }
        let node = self.look_mut(path).ok_or(FileError::NotFound)?;
        node.body = Body::File(bytes);
        node.modified = now;
        node.attributes |= attribute::ARCHIVE;
        Ok(())
    }

    /// Writes at the end of a file; makes it when it is not there. On a full disk what fits is written.
    pub fn append(
        &mut self,
        path: &WinPath,
        bytes: &[u8],
        who: &Token,
        now: Timestamp,
    ) -> Result<(), FileError> {
        self.may_write(path, who)?;
        if self.look(path).is_none() {
            self.write(path, Vec::new(), who, now)?;
        }
        let free = self.drive(path.drive).ok_or(FileError::NoDrive)?.free;
        let fits = usize::try_from(free).unwrap_or(usize::MAX).min(bytes.len());
        self.reserve(path.drive, 0, fits as u64)?;
        let node = self.look_mut(path).ok_or(FileError::NotFound)?;
        if let Body::File(contents) = &mut node.body {
            Arc::make_mut(contents).extend(&bytes[..fits]);
        }
        node.modified = now;
        node.attributes |= attribute::ARCHIVE;
        if fits < bytes.len() { Err(FileError::DiskFull) } else { Ok(()) }
    }

    /// Whether `who` may write the file at `path`, or make it.
    pub fn may_write(&self, path: &WinPath, who: &Token) -> Result<(), FileError> {
        match self.find(path) {
            Ok(node) if node.is_folder() || node.has(attribute::READ_ONLY) => Err(FileError::AccessDenied),
            Ok(node) if !node.security.allows(who, right::WRITE_DATA) => Err(FileError::AccessDenied),
            Ok(node) if node.in_use => Err(FileError::InUse),
            Ok(_) => Ok(()),
            Err(FileError::NotFound) => self.may_add(path, ObjectKind::File, who),
            Err(error) => Err(error),
        }
    }

    /// Makes a folder; the one above must be there.
    pub fn make_folder(&mut self, path: &WinPath, who: &Token, now: Timestamp) -> Result<(), FileError> {
        match self.find(path) {
            Ok(_) => Err(FileError::Exists),
            Err(FileError::NotFound) => {
                self.may_add(path, ObjectKind::Folder, who)?;
                self.add(path, ObjectKind::Folder, who, now)
            }
            Err(error) => Err(error),
        }
    }

    /// Removes a file, or a folder that is empty.
    pub fn remove(&mut self, path: &WinPath, who: &Token) -> Result<(), FileError> {
        self.may_remove(path, who)?;
        if self.find(path)?.children().next().is_some() {
            return Err(FileError::NotEmpty);
        }
        self.cut(path).map(|_| ())
    }

    /// Moves a file or folder to another name or folder of the same drive; the list of entries goes with it.
    pub fn rename(
        &mut self,
        from: &WinPath,
        to: &WinPath,
        who: &Token,
        now: Timestamp,
    ) -> Result<(), FileError> {
        self.may_remove(from, who)?;
        let kind = self.find(from)?.kind();
        if !from.is_same(to) {
            match self.find(to) {
                Ok(_) => return Err(FileError::Exists),
                Err(FileError::NotFound) => self.may_add(to, kind, who)?,
                Err(error) => return Err(error),
            }
        }
        if to.is_within(from) && !from.is_same(to) {
            return Err(FileError::InUse);
        }
        let mut node = self.cut(from)?;
        to.name().clone_into(&mut node.name);
        if kind == ObjectKind::File {
            node.attributes |= attribute::ARCHIVE;
        }
        self.give_back(to.drive, node.total_size());
        self.put(to, node, now)
    }

    /// Sets attribute bits.
    pub fn set_attributes(&mut self, path: &WinPath, attributes: u32, who: &Token) -> Result<(), FileError> {
        if !self.find(path)?.security.allows(who, right::WRITE_ATTRIBUTES) {
            return Err(FileError::AccessDenied);
        }
        self.look_mut(path).ok_or(FileError::NotFound)?.attributes = attributes;
        Ok(())
    }

    /// Owner and list of a file or folder.
    pub fn security(&self, path: &WinPath, who: &Token) -> Result<&Security, FileError> {
        let node = self.find(path)?;
        if node.security.allows(who, right::READ_CONTROL) {
            Ok(&node.security)
        } else {
            Err(FileError::AccessDenied)
        }
    }

    /// Sets the entries; what is inside a folder inherits anew, as SetNamedSecurityInfo does.
    pub fn set_security(&mut self, path: &WinPath, new: Security, who: &Token) -> Result<(), FileError> {
        if !self.find(path)?.security.allows(who, right::WRITE_DAC) {
            return Err(FileError::AccessDenied);
        }
        let node = self.look_mut(path).ok_or(FileError::NotFound)?;
        let owner = node.security.owner.clone();
        node.security = Security { owner, ..new };
        node.propagate();
        Ok(())
    }

    /// Makes `owner` the owner (needs the right, or the privileges that takeown switches on).
    pub fn set_owner(&mut self, path: &WinPath, owner: Sid, who: &Token) -> Result<(), FileError> {
        if !self.find(path)?.security.allows(who, right::WRITE_OWNER) {
            return Err(FileError::AccessDenied);
        }
        self.look_mut(path).ok_or(FileError::NotFound)?.security.owner = owner;
        Ok(())
    }

    fn may_add(&self, path: &WinPath, kind: ObjectKind, who: &Token) -> Result<(), FileError> {
        if !is_valid_name(path.name()) {
            return Err(FileError::BadName);
        }
        let parent = path.parent().ok_or(FileError::AccessDenied)?;
        let folder = self.find(&parent).map_err(|error| match error {
            FileError::NotFound => FileError::PathNotFound,
            other => other,
        })?;
        let wanted = match kind {
            ObjectKind::File => right::WRITE_DATA,
            ObjectKind::Folder => right::APPEND,
        };
        if !folder.is_folder() {
            return Err(FileError::PathNotFound);
        }
        if folder.security.allows(who, wanted) { Ok(()) } else { Err(FileError::AccessDenied) }
    }

    /// Whether `who` may remove or rename the node at `path`.
    pub fn may_remove(&self, path: &WinPath, who: &Token) -> Result<(), FileError> {
        let node = self.find(path)?;
        let parent = path.parent().ok_or(FileError::AccessDenied)?;
        let by_parent = self.find(&parent)?.security.allows(who, right::DELETE_CHILD);
        if !by_parent && !node.security.allows(who, right::DELETE) {
            return Err(FileError::AccessDenied);
        }
        if node.has(attribute::READ_ONLY) && !node.is_folder() {
            return Err(FileError::AccessDenied);
        }
        if node.in_use { Err(FileError::InUse) } else { Ok(()) }
    }

    fn add(
        &mut self,
        path: &WinPath,
        kind: ObjectKind,
        who: &Token,
        now: Timestamp,
    ) -> Result<(), FileError> {
        let parent = path.parent().ok_or(FileError::AccessDenied)?;
        let folder = self.look_mut(&parent).ok_or(FileError::PathNotFound)?;
        // The full token of an administrator makes the group the owner.
        let owner = if who.is_administrator() && who.user != Sid::system() {
            Sid::administrators()
        } else {
            who.user.clone()
        };
        let security = Security::inherited(&folder.security, kind, owner);
        folder.put(Node::new(path.name(), kind, security, now));
        folder.modified = now;
        Ok(())
    }

    fn put(&mut self, path: &WinPath, node: Node, now: Timestamp) -> Result<(), FileError> {
        let size = node.total_size();
        self.reserve(path.drive, 0, size)?;
        let parent = path.parent().ok_or(FileError::AccessDenied)?;
        let folder = self.look_mut(&parent).ok_or(FileError::PathNotFound)?;
        folder.put(node);
        folder.modified = now;
        Ok(())
    }

    pub(in crate::sim) fn cut(&mut self, path: &WinPath) -> Result<Node, FileError> {
        let parent = path.parent().ok_or(FileError::AccessDenied)?;
        let folder = self.look_mut(&parent).ok_or(FileError::PathNotFound)?;
        let node = folder.take(path.name()).ok_or(FileError::NotFound)?;
        self.give_back(path.drive, node.total_size());
        Ok(node)
    }

    fn reserve(&mut self, drive: char, old: u64, new: u64) -> Result<(), FileError> {
        let drive = self.drive_mut(drive).ok_or(FileError::NoDrive)?;
        drive.free = (drive.free + old).checked_sub(new).ok_or(FileError::DiskFull)?;
        Ok(())
    }

    fn give_back(&mut self, drive: char, size: u64) {
        if let Some(drive) = self.drive_mut(drive) {
            drive.free += size;
        }
    }
}
