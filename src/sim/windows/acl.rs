//! Access lists of files and folders: entries by SID, inheritance, the access check.
//!
//! The text form (SDDL) is in [`super::sddl`]. icacls and takeown work on these types.

use super::sid::Sid;

/// Single rights and the sets that icacls names.
pub mod right {
    /// Read data, list a folder.
    pub const READ_DATA: u32 = 0x1;
    /// Write data, add a file.
    pub const WRITE_DATA: u32 = 0x2;
    /// Append data, add a folder.
    pub const APPEND: u32 = 0x4;
    /// Run a file, go through a folder.
    pub const EXECUTE: u32 = 0x20;
    /// Delete what is in the folder.
    pub const DELETE_CHILD: u32 = 0x40;
    /// Read attributes.
    pub const READ_ATTRIBUTES: u32 = 0x80;
    /// Write attributes.
    pub const WRITE_ATTRIBUTES: u32 = 0x100;
    /// Delete.
    pub const DELETE: u32 = 0x1_0000;
    /// Read owner and access list.
    pub const READ_CONTROL: u32 = 0x2_0000;
    /// Change the access list.
    pub const WRITE_DAC: u32 = 0x4_0000;
    /// Become the owner.
    pub const WRITE_OWNER: u32 = 0x8_0000;
    /// Wait on the handle; part of every set.
    pub const SYNCHRONIZE: u32 = 0x10_0000;
    /// Full access, `F`.
    pub const FULL: u32 = 0x1f_01ff;
    /// Modify, `M`.
    pub const MODIFY: u32 = 0x13_01bf;
    /// Read and execute, `RX`.
    pub const READ_EXECUTE: u32 = 0x12_00a9;
    /// Read, `R`.
    pub const READ: u32 = 0x12_0089;
    /// Write, `W`.
    pub const WRITE: u32 = 0x12_0116;
    /// Generic all, as it stands in inherit-only entries.
    pub const GENERIC_ALL: u32 = 0x1000_0000;
    /// Generic execute.
    pub const GENERIC_EXECUTE: u32 = 0x2000_0000;
    /// Generic write.
    pub const GENERIC_WRITE: u32 = 0x4000_0000;
    /// Generic read.
    pub const GENERIC_READ: u32 = 0x8000_0000;
}

/// Whether an entry gives or takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AceKind {
    /// Gives rights.
    Allow,
    /// Takes rights away, whatever others give.
    Deny,
}

/// How an entry passes on to what is inside a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Inherit {
    /// `(OI)`: files inside get it.
    pub objects: bool,
    /// `(CI)`: folders inside get it.
    pub containers: bool,
    /// `(NP)`: only one level down.
    pub no_propagate: bool,
    /// `(IO)`: not for the folder itself.
    pub inherit_only: bool,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ace {
    /// Gives or takes.
    pub kind: AceKind,
    /// How it passes on.
    pub inherit: Inherit,
    /// `(I)`: it came from the folder above.
    pub inherited: bool,
    /// The rights, bits of [`right`].
    pub mask: u32,
    /// Whom it means.
    pub sid: Sid,
}

/// Owner and access list of a file or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Security {
    /// The owner, who may always read and change the list.
    pub owner: Sid,
    /// Nothing is inherited from above (`icacls /inheritance:r`).
    pub protected: bool,
    /// Entries in canonical order: own deny, own allow, inherited deny, inherited allow.
    pub entries: Vec<Ace>,
}

/// What a file or folder is, for inheritance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// A file.
    File,
    /// A folder.
    Folder,
}

/// Who asks: the user of a session and what belongs to him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The account.
    pub user: Sid,
    /// His groups, Everyone and Authenticated Users among them.
    pub groups: Vec<Sid>,
    /// Privileges that are switched on for a single operation by tools that know of them.
    pub privileges: Vec<Privilege>,
}

/// Privileges that pass the access check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privilege {
    /// SeBackupPrivilege: reads everything.
    Backup,
    /// SeRestorePrivilege: writes everything, gives any owner.
    Restore,
    /// SeTakeOwnershipPrivilege: becomes owner of everything (takeown).
    TakeOwnership,
}

impl Ace {
    /// An entry that gives `mask` on this object alone.
    pub fn allow(sid: Sid, mask: u32) -> Self {
        Self { kind: AceKind::Allow, inherit: Inherit::default(), inherited: false, mask, sid }
    }

    /// An entry that takes `mask` on this object alone.
    pub fn deny(sid: Sid, mask: u32) -> Self {
        Self { kind: AceKind::Deny, ..Self::allow(sid, mask) }
    }

    /// The same with `(OI)(CI)`.
    #[must_use]
    pub fn for_all_below(mut self) -> Self {
        self.inherit = Inherit { objects: true, containers: true, ..Inherit::default() };
        self
    }

    /// The entry as `kind` inside the folder inherits it; `owner` takes the place of CREATOR OWNER.
    pub fn passed_to(&self, kind: ObjectKind, owner: &Sid) -> Vec<Self> {
        let effective = match kind {
            ObjectKind::File => self.inherit.objects,
            ObjectKind::Folder => self.inherit.containers,
        };
        let goes_on = kind == ObjectKind::Folder
            && (self.inherit.objects || self.inherit.containers)
            && !self.inherit.no_propagate;
        if !effective && !goes_on {
            return Vec::new();
        }
        let on = Inherit { inherit_only: false, ..self.inherit };
        let by_creator = self.sid == Sid::creator_owner();
        let mut passed = Vec::new();
        if effective && by_creator {
            // The owner gets his own entry; the template goes on beside it.
            let own = Inherit::default();
            let mask = expand_generic(self.mask);
            passed.push(Self { inherit: own, inherited: true, mask, sid: owner.clone(), ..self.clone() });
            if goes_on {
                passed.push(Self {
                    inherit: Inherit { inherit_only: true, ..on },
                    inherited: true,
                    ..self.clone()
                });
            }
            return passed;
        }
        let inherit = match (goes_on, effective) {
            (true, true) => on,
            (true, false) => Inherit { inherit_only: true, ..on },
            (false, _) => Inherit::default(),
        };
        passed.push(Self { inherit, inherited: true, ..self.clone() });
        passed
    }
}

impl Security {
    /// What a new object of `kind` below a folder with `parent` gets.
    pub fn inherited(parent: &Self, kind: ObjectKind, owner: Sid) -> Self {
        let entries = parent.entries.iter().flat_map(|ace| ace.passed_to(kind, &owner)).collect();
        let mut made = Self { owner, protected: false, entries };
        made.sort();
        made
    }

    /// The inherited entries made anew from the folder above; own entries stay.
    pub fn inherit_again(&mut self, parent: &Self, kind: ObjectKind) {
        if self.protected {
            return;
        }
        let fresh = Self::inherited(parent, kind, self.owner.clone());
        self.entries.retain(|ace| !ace.inherited);
        self.entries.extend(fresh.entries);
        self.sort();
    }

    /// Brings the entries into canonical order.
    pub fn sort(&mut self) {
        self.entries.sort_by_key(|ace| (ace.inherited, ace.kind == AceKind::Allow));
    }

    /// Whether `token` may do all of `wanted`. The owner may always read and change the list.
    pub fn allows(&self, token: &Token, wanted: u32) -> bool {
        let mut open = wanted & !right::SYNCHRONIZE;
        if token.has(Privilege::Backup) {
            open &= !(right::READ_EXECUTE);
        }
        if token.has(Privilege::Restore) {
            open &= !(right::MODIFY | right::WRITE_DAC | right::WRITE_OWNER);
        }
        if token.has(Privilege::TakeOwnership) {
            open &= !right::WRITE_OWNER;
        }
        if token.holds(&self.owner) {
            open &= !(right::READ_CONTROL | right::WRITE_DAC);
        }
        for ace in self.entries.iter().filter(|ace| !ace.inherit.inherit_only && token.holds(&ace.sid)) {
            let mask = expand_generic(ace.mask);
            match ace.kind {
                AceKind::Deny if mask & open != 0 => return false,
                AceKind::Deny => {}
                AceKind::Allow => open &= !mask,
            }
        }
        open == 0
    }
}

impl Token {
    /// The local system account, which passes nearly everywhere.
    pub fn system() -> Self {
        Self {
            user: Sid::system(),
            groups: vec![Sid::administrators(), Sid::everyone(), Sid::authenticated_users()],
            privileges: Vec::new(),
        }
    }

    /// A member of Administrators, with the full token that a console session has.
    pub fn administrator(user: Sid) -> Self {
        let mut token = Self::standard(user);
        token.groups.push(Sid::administrators());
        token
    }

    /// An ordinary user.
    pub fn standard(user: Sid) -> Self {
        Self {
            user,
            groups: vec![Sid::everyone(), Sid::users(), Sid::authenticated_users(), Sid::new(5, &[4])],
            privileges: Vec::new(),
        }
    }

    /// The same with a privilege switched on.
    #[must_use]
    pub fn with(mut self, privilege: Privilege) -> Self {
        self.privileges.push(privilege);
        self
    }

    /// Whether the token is or belongs to `sid`.
    pub fn holds(&self, sid: &Sid) -> bool {
        self.user == *sid || self.groups.contains(sid)
    }

    /// Whether a member of Administrators asks.
    pub fn is_administrator(&self) -> bool {
        self.holds(&Sid::administrators())
    }

    fn has(&self, privilege: Privilege) -> bool {
        self.privileges.contains(&privilege)
    }
}

/// Generic bits as the file rights they stand for.
pub fn expand_generic(mask: u32) -> u32 {
    let pairs = [
        (right::GENERIC_ALL, right::FULL),
        (right::GENERIC_READ, right::READ),
        (right::GENERIC_WRITE, right::WRITE),
        (right::GENERIC_EXECUTE, 0x12_00a0),
    ];
    pairs.iter().fold(
        mask,
        |mask, (generic, rights)| {
            if mask & generic == 0 { mask } else { (mask & !generic) | rights }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: Vec<Ace>) -> Security {
        Security { owner: Sid::system(), protected: false, entries }
    }

    #[test]
    fn rights_add_up_and_deny_wins() {
        let user = Sid::account([1, 2, 3], 1001);
        let admin = Token::administrator(user.clone());
        let open = list(vec![
            Ace::allow(Sid::administrators(), right::READ),
            Ace::allow(user.clone(), right::WRITE),
        ]);
        assert!(open.allows(&admin, right::READ_DATA | right::WRITE_DATA));
        assert!(!open.allows(&admin, right::DELETE));
        assert!(!open.allows(&Token::standard(Sid::account([1, 2, 3], 7)), right::READ_DATA));
        let denied =
            list(vec![Ace::deny(user, right::READ_DATA), Ace::allow(Sid::administrators(), right::FULL)]);
        assert!(!denied.allows(&admin, right::READ_DATA));
        assert!(denied.allows(&admin, right::WRITE_DATA));
        assert!(!list(Vec::new()).allows(&admin, right::READ_DATA));
    }

    #[test]
    fn the_owner_and_privileges_pass() {
        let user = Sid::account([1, 2, 3], 1001);
        let owned = Security { owner: user.clone(), ..list(Vec::new()) };
        let token = Token::standard(user);
        assert!(owned.allows(&token, right::WRITE_DAC));
        assert!(!owned.allows(&token, right::READ_DATA));
        assert!(!list(Vec::new()).allows(&token, right::WRITE_OWNER));
        assert!(list(Vec::new()).allows(&token.clone().with(Privilege::TakeOwnership), right::WRITE_OWNER));
        assert!(list(Vec::new()).allows(&token.with(Privilege::Backup), right::READ));
    }

    #[test]
    fn entries_pass_down_as_their_flags_say() {
        let all = Ace::allow(Sid::users(), right::READ).for_all_below();
        let only_files = Ace { inherit: Inherit { objects: true, ..Inherit::default() }, ..all.clone() };
        let one_level = Ace { inherit: Inherit { no_propagate: true, ..all.inherit }, ..all.clone() };
        let owner = Sid::account([1, 2, 3], 500);
        assert_eq!(all.passed_to(ObjectKind::Folder, &owner), [Ace { inherited: true, ..all.clone() }]);
        let file = &all.passed_to(ObjectKind::File, &owner)[0];
        assert_eq!((file.inherit, file.inherited), (Inherit::default(), true));
        let through = &only_files.passed_to(ObjectKind::Folder, &owner)[0];
        assert!(through.inherit.inherit_only && through.inherit.objects);
        let creator = Ace::allow(Sid::creator_owner(), right::GENERIC_ALL).for_all_below();
        let made = creator.passed_to(ObjectKind::Folder, &owner);
        assert_eq!((made[0].sid.clone(), made[0].mask), (owner.clone(), right::FULL));
        assert!(made[1].sid == Sid::creator_owner() && made[1].inherit.inherit_only);
        assert_eq!(one_level.passed_to(ObjectKind::Folder, &owner)[0].inherit, Inherit::default());
        assert!(Ace::allow(Sid::users(), 1).passed_to(ObjectKind::File, &owner).is_empty());
    }

    #[test]
    fn a_protected_list_inherits_nothing_again() {
        let parent = list(vec![Ace::allow(Sid::users(), right::READ).for_all_below()]);
        let mut child = Security::inherited(&parent, ObjectKind::File, Sid::system());
        child.entries.insert(0, Ace::allow(Sid::system(), right::FULL));
        child.inherit_again(&list(Vec::new()), ObjectKind::File);
        assert_eq!(child.entries, [Ace::allow(Sid::system(), right::FULL)]);
        child.protected = true;
        child.inherit_again(&parent, ObjectKind::File);
        assert_eq!(child.entries.len(), 1);
    }
}
