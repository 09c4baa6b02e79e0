//! What a line is after parsing.

/// A command or a structure of commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A command with its arguments.
    Command(Simple),
    /// `( … )`
    Block(Vec<Node>),
    /// `a & b`, and lines inside a block.
    Sequence(Vec<Node>),
    /// `a && b`
    And(Vec<Node>),
    /// `a || b`
    Or(Vec<Node>),
    /// `a | b`
    Pipe(Vec<Node>),
    /// `if …`
    If(Box<If>),
    /// `for …`
    For(Box<For>),
    /// `@ …`: not echoed.
    Quiet(Box<Node>),
    /// Anything with redirections that are not part of a simple command.
    Redirected(Box<Node>, Vec<Redirect>),
}

/// One command. Escapes are gone, quotes are not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Simple {
    /// The first word.
    pub name: String,
    /// All that follows it, with the delimiter in front.
    pub tail: String,
    /// Redirections, in the order in which they were written.
    pub redirects: Vec<Redirect>,
}

/// One redirection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The handle that is redirected.
    pub handle: u8,
    /// To what.
    pub to: RedirectTo,
}

/// Where a handle goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedirectTo {
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
pub struct If {
    /// `/i`
    pub ignore_case: bool,
    /// How many times `not` stands there, odd or even.
    pub negated: bool,
    /// What is asked.
    pub condition: Condition,
    /// What runs when it holds.
    pub then: Node,
    /// What runs when not.
    pub otherwise: Option<Node>,
}

/// The question of an `if`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
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
pub enum Comparison {
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
pub struct For {
    /// What kind of loop.
    pub kind: ForKind,
    /// The letter behind the percent sign.
    pub variable: char,
    /// What stands between the parentheses.
    pub set: String,
    /// What runs for each value.
    pub body: Node,
}

/// The kinds of `for`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForKind {
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
    pub const ALL: [(&'static str, Self); 6] = [
        ("EQU", Self::Equal),
        ("NEQ", Self::NotEqual),
        ("LSS", Self::Less),
        ("LEQ", Self::LessOrEqual),
        ("GTR", Self::Greater),
        ("GEQ", Self::GreaterOrEqual),
    ];

    /// The comparison with this name.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, found)| found)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, one)| *one == self).map_or("", |(name, _)| name)
    }
}

impl Node {
    /// A line with nothing on it.
    pub fn nothing() -> Self {
        Self::Sequence(Vec::new())
    }

    /// Whether there is nothing to run.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Sequence(parts) if parts.is_empty())
    }
}
