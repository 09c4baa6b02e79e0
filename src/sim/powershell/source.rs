//! A text of PowerShell with its tree.

use std::sync::Arc;

use tree_sitter::Node;

use super::value::Block;
use crate::powershell::Syntax;

/// A script, a command line, a line at the prompt.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) text: String,
    pub(super) syntax: Syntax,
    /// The file it is from.
    pub(super) path: Option<String>,
}

impl Source {
    pub(super) fn new(text: &str, path: Option<String>) -> Arc<Self> {
        // The grammar ends a statement at a line end.
        let text = format!("{}\n", text.trim_start_matches('\u{feff}'));
        Arc::new(Self { syntax: Syntax::of(&text), text, path })
    }

    pub(super) fn of(&self, node: Node<'_>) -> &str {
        &self.text[node.byte_range()]
    }

    /// Line and column of a node, from 1.
    pub(super) fn place(&self, node: Node<'_>) -> (usize, usize) {
        let at = node.start_position();
        (at.row + 1, at.column + 1)
    }

    pub(super) fn line(&self, number: usize) -> &str {
        self.text.lines().nth(number.saturating_sub(1)).unwrap_or_default()
    }
}

impl Block {
    /// The node of the block in its source.
    pub(super) fn node(&self) -> Option<Node<'_>> {
        let root = self.source.syntax.root();
        let mut node = root.descendant_for_byte_range(self.range.start, self.range.end)?;
        while !matches!(node.kind(), "script_block_expression" | "function_statement" | "program") {
            node = node.parent()?;
        }
        Some(node)
    }
}

/// The children of a node.
pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    (0..node.child_count()).filter_map(|index| node.child(index)).collect()
}

/// The first child of a kind.
pub(super) fn child<'t>(node: Node<'t>, kind: &str) -> Option<Node<'t>> {
    children(node).into_iter().find(|child| child.kind() == kind)
}

/// The only thing in a node, however deep.
pub(super) fn inmost(mut node: Node<'_>) -> Node<'_> {
    while node.child_count() == 1 {
        match node.child(0) {
            Some(child) if child.byte_range() == node.byte_range() => node = child,
            _ => break,
        }
    }
    node
}
