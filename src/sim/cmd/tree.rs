//! What a line is after parsing.

/// A command or a structure of commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// A command with its arguments.
    Command(Simple),
    /// `( … )`
    Block(Vec<Self>),
    /// `a & b`, and lines inside a block.
    Sequence(Vec<Self>),
    /// `a && b`
    And(Vec<Self>),
    /// `a || b`
    Or(Vec<Self>),
    /// `a | b`
    Pipe(Vec<Self>),
    /// `if …`
    If(Box<If>),
    /// `for …`
    For(Box<For>),
    /// `@ …`: not echoed.
    Quiet(Box<Self>),
    /// Anything with redirections that are not part of a simple command.
    Redirected(Box<Self>, Vec<Redirect>),
}

/// One command. Escapes are gone, quotes are not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Simple {
    /// The first word.
    pub(super) name: String,
    /// All that follows it, with the delimiter in front.
    pub(super) tail: String,
    /// Redirections, in the order in which they were written.
    pub(super) redirects: Vec<Redirect>,
}

/// One redirection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redirect {
    /// The handle that is redirected.
    pub(super) handle: u8,
    /// To what.
    pub(super) to: RedirectTo,
}

/// Where a handle goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RedirectTo {
    /// `< name`
    Read(String),
    /// `> name`
    Write(String),
    /// `>> name`
    Append(String),
    /// `>&n`, `<&n`
    Handle(u8),
}

/// `if` with both branches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct If {
    /// `/i`
    pub(super) ignore_case: bool,
    /// How many times `not` stands there, odd or even.
    pub(super) negated: bool,
    /// What is asked.
    pub(super) condition: Condition,
    /// What runs when it holds.
    pub(super) then: Node,
    /// What runs when not.
    pub(super) otherwise: Option<Node>,
}

/// The question of an `if`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    /// `exist name`
    Exist(String),
    /// `defined name`
    Defined(String),
    /// `errorlevel n`
    ErrorLevel(String),
    /// `cmdextversion n`
    Version(String),
    /// `a == b`
    Same(String, String),
    /// `a LSS b`
    Compare(String, Comparison, String),
}

/// `EQU`, `NEQ`, …
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    /// `EQU`
    Equal,
    /// `NEQ`
    NotEqual,
    /// `LSS`
    Less,
    /// `LEQ`
    LessOrEqual,
    /// `GTR`
    Greater,
    /// `GEQ`
    GreaterOrEqual,
}

/// `for`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct For {
    /// What kind of loop.
    pub(super) kind: ForKind,
    /// The letter behind the percent sign.
    pub(super) variable: char,
    /// What stands between the parentheses.
    pub(super) set: String,
    /// What runs for each value.
    pub(super) body: Node,
}

/// The kinds of `for`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ForKind {
    /// Words and files.
    Plain,
    /// `/d`: words and folders.
    Folders,
    /// `/r [root]`: in every folder of a tree.
    Tree {
        /// Where the tree begins; the current folder when there is none.
        root: Option<String>,
        /// `/d` as well.
        folders: bool,
    },
    /// `/l`: numbers.
    Numbers,
    /// `/f ["options"]`: lines of files, commands, strings.
    Lines(String),
}

impl Comparison {
    /// The names, as they are typed.
    pub(super) const ALL: [(&'static str, Self); 6] = [
        ("EQU", Self::Equal),
        ("NEQ", Self::NotEqual),
        ("LSS", Self::Less),
        ("LEQ", Self::LessOrEqual),
        ("GTR", Self::Greater),
        ("GEQ", Self::GreaterOrEqual),
    ];

    /// The comparison with this name.
    pub(super) fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, found)| found)
    }

    /// Its name.
    pub(super) fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, one)| *one == self).map_or("", |(name, _)| name)
    }
}

impl Node {
    /// A line with nothing on it.
    pub(super) fn nothing() -> Self {
        Self::Sequence(Vec::new())
    }

    /// Whether there is nothing to run.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Self::Sequence(parts) if parts.is_empty())
    }
}
