//! The check of volumes when Windows starts (autochk), as `BootExecute` orders it.

use super::World;
use super::registry::Data;

/// Where programs that run before services are listed.
pub const SESSION_MANAGER: &str = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager";
/// What is listed there on every machine.
pub const USUAL: &str = "autocheck autochk *";

impl World {
    /// `autocheck autochk /p \\??\\C:` repairs that volume, and is then struck off.
    pub(super) fn check_volumes(&mut self) {
        let Some(Data::MultiSz(orders)) = self.registry.value(SESSION_MANAGER, "BootExecute").cloned() else {
            return;
        };
        let mut left = Vec::new();
        for order in orders {
            let words: Vec<&str> = order.split_whitespace().collect();
            let letter = match words.as_slice() {
                ["autocheck", "autochk", switch, volume] if matches!(*switch, "/p" | "/r") => {
                    volume.strip_prefix(r"\??\").and_then(|rest| rest.chars().next())
                }
                _ => None,
            };
            match letter.and_then(|letter| self.files.drive_mut(letter)) {
                Some(drive) => drive.damaged = false,
                None => left.push(order),
            }
        }
        self.registry.set(SESSION_MANAGER, "BootExecute", Data::MultiSz(left));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::windows::language::Language;
    use crate::sim::windows::os::Os;

    #[test]
    fn a_start_checks_what_it_was_told_to_and_forgets_it() {
        let mut world = World::healthy(Os::Server2019, Language::EnUs);
        world.files.drive_mut('C').unwrap().damaged = true;
        world.boot();
        assert!(world.files.drive('C').unwrap().damaged);
        let orders = vec![r"autocheck autochk /p \??\C:".to_owned(), USUAL.to_owned()];
        world.registry.set(SESSION_MANAGER, "BootExecute", Data::MultiSz(orders));
        world.boot();
        assert!(!world.files.drive('C').unwrap().damaged);
        let left = world.registry.value(SESSION_MANAGER, "BootExecute").cloned();
        assert_eq!(left, Some(Data::MultiSz(vec![USUAL.to_owned()])));
    }
}
