//! The part of the event log's XPath that people type: `*[System[Provider[@Name='X'] and (EventID=1 or EventID=2) and
//! TimeCreated[timediff(@SystemTime) <= 86400000]]]`.

use jiff::Timestamp;

use crate::sim::windows::events::Event;

/// A parsed query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query(Option<Condition>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    All(Vec<Self>),
    Any(Vec<Self>),
    Provider(Vec<String>),
    Id(u32),
    Level(u8),
    /// Not older than so many milliseconds.
    Within(i64),
}

impl Query {
    /// Selects everything.
    pub(super) fn everything() -> Self {
        Self(None)
    }

    /// Parses a query; `None` when it is not one, or holds what nobody taught this machine.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text == "*" {
            return Some(Self::everything());
        }
        let inner = text.strip_prefix('*').or_else(|| text.strip_prefix("Event"))?;
        let inner = inner.strip_prefix("[System[")?.strip_suffix("]]")?;
        let mut rest = inner;
        let condition = any(&mut rest)?;
        rest.trim().is_empty().then_some(Self(Some(condition)))
    }

    /// Whether the query selects an event at wall time `now`.
    pub(super) fn selects(&self, event: &Event, now: Timestamp) -> bool {
        self.0.as_ref().is_none_or(|condition| condition.holds(event, now))
    }
}

impl Condition {
    fn holds(&self, event: &Event, now: Timestamp) -> bool {
        match self {
            Self::All(all) => all.iter().all(|one| one.holds(event, now)),
            Self::Any(any) => any.iter().any(|one| one.holds(event, now)),
            Self::Provider(names) => names.contains(&event.provider),
            Self::Id(id) => event.id == *id,
            Self::Level(level) => event.level as u8 == *level,
            Self::Within(milliseconds) => now.as_millisecond() - event.time.as_millisecond() <= *milliseconds,
        }
    }
}

fn any(rest: &mut &str) -> Option<Condition> {
    let mut parts = vec![all(rest)?];
    while eat(rest, "or ") {
        parts.push(all(rest)?);
    }
    Some(if parts.len() == 1 { parts.remove(0) } else { Condition::Any(parts) })
}

fn all(rest: &mut &str) -> Option<Condition> {
    let mut parts = vec![one(rest)?];
    while eat(rest, "and ") {
        parts.push(one(rest)?);
    }
    Some(if parts.len() == 1 { parts.remove(0) } else { Condition::All(parts) })
}

fn one(rest: &mut &str) -> Option<Condition> {
    if eat(rest, "(") {
        let inner = any(rest)?;
        return eat(rest, ")").then_some(inner);
    }
    if eat(rest, "Provider[") {
        let mut names = Vec::new();
        loop {
            if !(eat(rest, "@Name") && eat(rest, "=")) {
                return None;
            }
            names.push(quoted(rest)?);
            if eat(rest, "]") {
                return Some(Condition::Provider(names));
            }
            if !eat(rest, "or ") {
                return None;
            }
        }
    }
    if eat(rest, "EventID") {
        return eat(rest, "=")
            .then(|| number(rest))
            .flatten()
            .and_then(|n| Some(Condition::Id(n.try_into().ok()?)));
    }
    if eat(rest, "Level") {
        return eat(rest, "=")
            .then(|| number(rest))
            .flatten()
            .and_then(|n| Some(Condition::Level(n.try_into().ok()?)));
    }
    if eat(rest, "TimeCreated[") {
        let head = eat(rest, "timediff(") && eat(rest, "@SystemTime") && eat(rest, ")") && eat(rest, "<=");
        let span = head.then(|| number(rest)).flatten()?;
        return eat(rest, "]").then_some(Condition::Within(span));
    }
    None
}

/// Takes a token off the front, blanks before and after it.
fn eat(rest: &mut &str, token: &str) -> bool {
    let Some(after) = rest.trim_start().strip_prefix(token) else { return false };
    *rest = after.trim_start();
    true
}

fn number(rest: &mut &str) -> Option<i64> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let value = rest[..end].parse().ok()?;
    *rest = &rest[end..];
    Some(value)
}

fn quoted(rest: &mut &str) -> Option<String> {
    let mark = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let end = rest[1..].find(mark)? + 1;
    let text = rest[1..end].to_owned();
    *rest = &rest[end + 1..];
    Some(text)
}
