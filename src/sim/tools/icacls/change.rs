//! Changes to lists and owners.

use super::{Refusal, rights, somebody};
use crate::sim::windows::World;
use crate::sim::windows::acl::{Ace, AceKind, Inherit, Security, Token, right};
use crate::sim::windows::files::FileError;
use crate::sim::windows::files::path::WinPath;
use crate::sim::windows::sid::Sid;

/// One change of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Edit {
    /// Rights are added to what somebody has.
    Grant(Sid, Inherit, u32),
    /// Somebody has these rights and no other of his own.
    GrantOnly(Sid, Inherit, u32),
    /// Rights are taken from somebody.
    Deny(Sid, Inherit, u32),
    /// Entries of somebody go: all, or those of one kind.
    Remove(Sid, Option<AceKind>),
    /// The list inherits from above.
    Inherit,
    /// Inherited entries become own ones.
    CopyInherited,
    /// Inherited entries go.
    DropInherited,
}

impl Edit {
    /// Reads `Sid:perm`, or a name for the removals. `switch` is in lower case.
    pub(super) fn parse(world: &World, switch: &str, text: &str) -> Result<Self, Refusal> {
        let kind = match switch {
            "/remove" => return Ok(Self::Remove(somebody(world, text)?, None)),
            "/remove:g" => return Ok(Self::Remove(somebody(world, text)?, Some(AceKind::Allow))),
            "/remove:d" => return Ok(Self::Remove(somebody(world, text)?, Some(AceKind::Deny))),
            kind => kind,
        };
        let bad = || Refusal::Word(text.to_owned());
        let (name, permission) = text.rsplit_once(':').ok_or_else(bad)?;
        let who = somebody(world, name)?;
        let (inherit, mask) = rights::parse(permission).ok_or_else(bad)?;
        Ok(match kind {
            "/grant:r" => Self::GrantOnly(who, inherit, mask),
            "/deny" => Self::Deny(who, inherit, mask),
            _ => Self::Grant(who, inherit, mask),
        })
    }

    fn apply(&self, security: &mut Security) {
        let own = |ace: &Ace, sid: &Sid| !ace.inherited && ace.sid == *sid;
        match self {
            Self::Grant(sid, inherit, mask) => add(security, AceKind::Allow, sid, *inherit, *mask),
            Self::GrantOnly(sid, inherit, mask) => {
                security.entries.retain(|ace| !(own(ace, sid) && ace.kind == AceKind::Allow));
                add(security, AceKind::Allow, sid, *inherit, *mask);
            }
            Self::Deny(sid, inherit, mask) => add(security, AceKind::Deny, sid, *inherit, *mask),
            Self::Remove(sid, kind) => {
                security.entries.retain(|ace| !(own(ace, sid) && kind.is_none_or(|kind| kind == ace.kind)));
            }
            Self::Inherit => security.protected = false,
            Self::CopyInherited => {
                security.protected = true;
                security.entries.iter_mut().for_each(|ace| ace.inherited = false);
            }
            Self::DropInherited => {
                security.protected = true;
                security.entries.retain(|ace| !ace.inherited);
            }
        }
    }
}

/// Makes the changes, one after the other.
pub(super) fn apply(world: &mut World, path: &WinPath, edits: &[Edit], who: &Token) -> Result<(), FileError> {
    let mut security = world.files.security(path, who)?.clone();
    for edit in edits {
        edit.apply(&mut security);
    }
    inherit_from_above(world, path, &mut security);
    security.sort();
    world.files.set_security(path, security, who)
}

/// Own entries go; what is above passes down.
pub(super) fn reset(world: &mut World, path: &WinPath, who: &Token) -> Result<(), FileError> {
    let mut security = world.files.security(path, who)?.clone();
    security.protected = false;
    security.entries.clear();
    inherit_from_above(world, path, &mut security);
    world.files.set_security(path, security, who)
}

/// The owner is set by somebody who may: with the right to do so, and for others than himself with the privilege that
/// administrators have.
pub(super) fn set_owner(
    world: &mut World,
    path: &WinPath,
    owner: &Sid,
    who: &Token,
) -> Result<(), FileError> {
    let is_own = who.holds(owner);
    let node = world.files.find(path)?;
    if !node.security.allows(who, right::WRITE_OWNER) || (!is_own && !who.is_administrator()) {
        return Err(FileError::AccessDenied);
    }
    world.files.set_owner(path, owner.clone(), who)
}

fn inherit_from_above(world: &World, path: &WinPath, security: &mut Security) {
    let parent = path.parent().and_then(|parent| world.files.look(&parent));
    let kind = world.files.look(path).map(crate::sim::windows::files::node::Node::kind);
    if let (Some(parent), Some(kind)) = (parent, kind) {
        security.inherit_again(&parent.security, kind);
    }
}

/// Adds to an entry of the same kind, person and flags, or makes one.
fn add(security: &mut Security, kind: AceKind, sid: &Sid, inherit: Inherit, mask: u32) {
    let same = security
        .entries
        .iter_mut()
        .find(|ace| !ace.inherited && ace.kind == kind && ace.sid == *sid && ace.inherit == inherit);
    if let Some(ace) = same {
        ace.mask |= mask;
        return;
    }
    security.entries.push(Ace { kind, inherit, inherited: false, mask, sid: sid.clone() });
    security.sort();
}

#[cfg(test)]
mod tests {
    use super::super::super::trial::{Answer, Trial};

    const FOLDER: &str = r"C:\Windows\Temp\acl";

    fn trial() -> Trial {
        let trial = Trial::healthy();
        let mut world = trial.world.lock();
        let now = world.wall_time();
        let who = crate::sim::windows::acl::Token::system();
        let folder = crate::sim::windows::files::path::WinPath::new(FOLDER);
        world.files.make_folder(&folder, &who, now).unwrap();
        world.files.write(&folder.join("file.txt"), b"x".to_vec(), &who, now).unwrap();
        drop(world);
        trial.ok(&format!("icacls {FOLDER} /inheritance:r /grant:r *S-1-5-32-544:(OI)(CI)F"));
        trial
    }

    fn entries(trial: &Trial, path: &str) -> String {
        let out = trial.ok(&format!("icacls {path}"));
        let shown = out.split("\n\n").next().unwrap().replace(path, "");
        shown.split('\n').map(str::trim).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn entries_are_granted_denied_and_removed() {
        let trial = trial();
        assert_eq!(entries(&trial, FOLDER), r"BUILTIN\Administrators:(OI)(CI)(F)");
        let processed =
            format!("processed file: {FOLDER}\nSuccessfully processed 1 files; Failed processing 0 files\n");
        assert_eq!(
            trial.run(&format!("icacls {FOLDER} /grant *S-1-5-20:(R)")),
            Answer::new(&processed, "", 0)
        );
        trial.ok(&format!("icacls {FOLDER} /grant *S-1-5-20:(W) /deny Everyone:(DE)"));
        assert_eq!(
            entries(&trial, FOLDER),
            r"Everyone:(DENY)(DE) | BUILTIN\Administrators:(OI)(CI)(F) | NT AUTHORITY\NETWORK SERVICE:(R,W)"
        );
        trial.ok(&format!("icacls {FOLDER} /remove:d *S-1-1-0 /grant:r *S-1-5-20:(R)"));
        assert_eq!(
            entries(&trial, FOLDER),
            r"BUILTIN\Administrators:(OI)(CI)(F) | NT AUTHORITY\NETWORK SERVICE:(R)"
        );
        trial.ok(&format!("icacls {FOLDER} /remove *S-1-5-20"));
        assert_eq!(entries(&trial, FOLDER), r"BUILTIN\Administrators:(OI)(CI)(F)");
    }

    #[test]
    fn what_is_inside_inherits() {
        let trial = trial();
        let file = format!(r"{FOLDER}\file.txt");
        assert_eq!(entries(&trial, &file), r"BUILTIN\Administrators:(I)(F)");
        trial.ok(&format!("icacls {FOLDER} /grant *S-1-5-20:(OI)(CI)(RX)"));
        assert_eq!(
            entries(&trial, &file),
            r"BUILTIN\Administrators:(I)(F) | NT AUTHORITY\NETWORK SERVICE:(I)(RX)"
        );
        trial.ok(&format!("icacls {file} /inheritance:d"));
        assert_eq!(entries(&trial, &file), r"BUILTIN\Administrators:(F) | NT AUTHORITY\NETWORK SERVICE:(RX)");
        trial.ok(&format!("icacls {file} /reset"));
        assert_eq!(
            entries(&trial, &file),
            r"BUILTIN\Administrators:(I)(F) | NT AUTHORITY\NETWORK SERVICE:(I)(RX)"
        );
    }

    #[test]
    fn owners() {
        let trial = trial();
        assert_eq!(trial.run(&format!("icacls {FOLDER} /setowner *S-1-5-18")).code, 0);
        let found = trial.ok(&format!("icacls {FOLDER} /findsid *S-1-5-18"));
        assert!(found.starts_with(&format!("SID Found: {FOLDER}.\n")));
        trial.ok(&format!("icacls {FOLDER} /grant:r *S-1-5-32-544:(RX)"));
        assert_eq!(trial.run(&format!("icacls {FOLDER} /setowner azadmin")).code, 5);
    }
}
