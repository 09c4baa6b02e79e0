//! One file or folder.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::path::fold;
use crate::sim::windows::acl::{ObjectKind, Security};

/// Attribute bits as Windows numbers them.
pub mod attribute {
    /// Read-only, `R`.
    pub const READ_ONLY: u32 = 0x1;
    /// Hidden, `H`.
    pub const HIDDEN: u32 = 0x2;
    /// System, `S`.
    pub const SYSTEM: u32 = 0x4;
    /// Archive, `A`.
    pub const ARCHIVE: u32 = 0x20;
    /// Not indexed, `I`.
    pub const NOT_INDEXED: u32 = 0x2000;
    /// Links and mount points, `L`.
    pub const REPARSE: u32 = 0x400;
}

/// A file or folder with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The name as it was first written.
    pub name: String,
    /// Bits of [`attribute`].
    pub attributes: u32,
    /// When it was made.
    pub created: Timestamp,
    /// When its contents last changed.
    pub modified: Timestamp,
    /// When it was last read.
    pub accessed: Timestamp,
    /// Owner and access list.
    pub security: Security,
    /// Open by a process that shares it with nobody (a loaded hive, the page file).
    pub in_use: bool,
    /// Contents.
    pub body: Body,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Bytes.
    File(Arc<Vec<u8>>),
    /// Nodes by their folded name.
    Folder(BTreeMap<String, Node>),
}

impl Node {
    /// A new empty node.
    pub fn new(name: &str, kind: ObjectKind, security: Security, now: Timestamp) -> Self {
        let (attributes, body) = match kind {
            ObjectKind::File => (attribute::ARCHIVE, Body::File(Arc::default())),
            ObjectKind::Folder => (0, Body::Folder(BTreeMap::new())),
        };
        Self {
            name: name.to_owned(),
            attributes,
            created: now,
            modified: now,
            accessed: now,
            security,
            in_use: false,
            body,
        }
    }

    /// File or folder.
    pub fn kind(&self) -> ObjectKind {
        match self.body {
            Body::File(_) => ObjectKind::File,
            Body::Folder(_) => ObjectKind::Folder,
        }
    }

    /// Whether it is a folder.
    pub fn is_folder(&self) -> bool {
        self.kind() == ObjectKind::Folder
    }

    /// Bytes in it; 0 for a folder.
    pub fn size(&self) -> u64 {
        match &self.body {
            Body::File(bytes) => bytes.len() as u64,
            Body::Folder(_) => 0,
        }
    }

    /// Whether all of these attribute bits are set.
    pub fn has(&self, bits: u32) -> bool {
        self.attributes & bits == bits
    }

    /// What is inside, in the order of the names; nothing in a file.
    pub fn children(&self) -> impl Iterator<Item = &Self> {
        let inside = match &self.body {
            Body::Folder(inside) => Some(inside.values()),
            Body::File(_) => None,
        };
        inside.into_iter().flatten()
    }

    /// The node `name` inside.
    pub fn child(&self, name: &str) -> Option<&Self> {
        match &self.body {
            Body::Folder(inside) => inside.get(&fold(name)),
            Body::File(_) => None,
        }
    }

    /// The node `name` inside, to change it.
    pub fn child_mut(&mut self, name: &str) -> Option<&mut Self> {
        match &mut self.body {
            Body::Folder(inside) => inside.get_mut(&fold(name)),
            Body::File(_) => None,
        }
    }

    /// Puts `node` inside, in place of one of the same name.
    pub fn put(&mut self, node: Self) {
        if let Body::Folder(inside) = &mut self.body {
            inside.insert(fold(&node.name), node);
        }
    }

    /// Takes the node `name` out.
    pub fn take(&mut self, name: &str) -> Option<Self> {
        match &mut self.body {
            Body::Folder(inside) => inside.remove(&fold(name)),
            Body::File(_) => None,
        }
    }

    /// Makes the inherited entries of everything inside anew, as setting an access list does.
    pub fn propagate(&mut self) {
        let Body::Folder(inside) = &mut self.body else { return };
        for child in inside.values_mut() {
            let kind = child.kind();
            if !child.security.protected {
                child.security.inherit_again(&self.security, kind);
                child.propagate();
            }
        }
    }

    /// The sizes of all files in it.
    pub fn total_size(&self) -> u64 {
        self.size() + self.children().map(Self::total_size).sum::<u64>()
    }
}
