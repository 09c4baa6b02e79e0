//! Which processes `tasklist` and `taskkill` mean: `/fi "IMAGENAME eq x.exe"`.

use crate::sim::windows::World;
use crate::sim::windows::processes::Process;
use crate::sim::windows::services::State;

/// One `/fi`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filter {
    what: What,
    compare: Compare,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Image,
    Pid,
    Services,
    Session,
    Status,
    User,
    Memory,
    /// Attributes that no process here has (`CPUTIME`, `WINDOWTITLE`, `MODULES`, `SESSIONNAME`).
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
}

impl Filter {
    /// Reads the text behind `/fi`; `None` when it is no filter.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.splitn(3, ' ');
        let what = match words.next()?.to_uppercase().as_str() {
            "IMAGENAME" => What::Image,
            "PID" => What::Pid,
            "SERVICES" => What::Services,
            "SESSION" => What::Session,
            "STATUS" => What::Status,
            "USERNAME" => What::User,
            "MEMUSAGE" => What::Memory,
            "CPUTIME" | "WINDOWTITLE" | "MODULES" | "SESSIONNAME" => What::Other,
            _ => return None,
        };
        let compare = match words.next()?.to_lowercase().as_str() {
            "eq" => Compare::Equal,
            "ne" => Compare::NotEqual,
            "gt" => Compare::Greater,
            "lt" => Compare::Less,
            "ge" => Compare::GreaterOrEqual,
            "le" => Compare::LessOrEqual,
            _ => return None,
        };
        let value = words.next()?.trim().to_owned();
        let is_number = matches!(what, What::Pid | What::Session | What::Memory);
        let is_order = !matches!(compare, Compare::Equal | Compare::NotEqual);
        if value.is_empty() || (is_order && !is_number) || (is_number && value.parse::<u64>().is_err()) {
            return None;
        }
        Some(Self { what, compare, value })
    }

    /// Whether a process is meant.
    pub(super) fn fits(&self, world: &World, process: &Process) -> bool {
        let equal = match self.what {
            What::Pid => return self.order(u64::from(process.pid)),
            What::Session => return self.order(u64::from(process.session)),
            What::Memory => return self.order(u64::from(process.memory)),
            What::Image => fits_text(&process.image, &self.value),
            What::Status => self.value.eq_ignore_ascii_case("running"),
            What::User => fits_text(&process.account, &self.value),
            What::Services => world
                .services
                .in_process(process.pid)
                .filter(|service| service.state != State::Stopped)
                .any(|service| fits_text(&service.name, &self.value)),
            What::Other => false,
        };
        equal == (self.compare == Compare::Equal)
    }

    fn order(&self, number: u64) -> bool {
        let Ok(value) = self.value.parse::<u64>() else { return false };
        match self.compare {
            Compare::Equal => number == value,
            Compare::NotEqual => number != value,
            Compare::Greater => number > value,
            Compare::Less => number < value,
            Compare::GreaterOrEqual => number >= value,
            Compare::LessOrEqual => number <= value,
        }
    }
}

/// Same text without case; a `*` at the end stands for anything.
fn fits_text(own: &str, wanted: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(front) => own.to_lowercase().starts_with(&front.to_lowercase()),
        None => own.to_lowercase() == wanted.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::windows::language::Language;
    use crate::sim::windows::os::Os;

    #[test]
    fn filters() {
        let world = World::healthy(Os::Server2019, Language::EnUs);
        let count = |text: &str| {
            let filter = Filter::parse(text).unwrap();
            world.processes.iter().filter(|process| filter.fits(&world, process)).count()
        };
        let all = world.processes.iter().count();
        assert_eq!(count("PID eq 4"), 1);
        assert_eq!(count("pid ne 4"), all - 1);
        assert_eq!(count("SERVICES eq TermService"), 1);
        assert_eq!(count("IMAGENAME eq csrss.exe"), 2);
        assert_eq!(count("IMAGENAME eq CSR*"), 2);
        assert_eq!(count("SESSION gt 0"), 4);
        for wrong in ["", "PID", "PID eq", "PID is 4", "PID eq x", "IMAGENAME gt x", "COLOUR eq red"] {
            assert_eq!(Filter::parse(wrong), None, "{wrong}");
        }
    }
}
