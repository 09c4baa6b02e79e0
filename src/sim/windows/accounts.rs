//! Local accounts and groups, and the names of well-known identities.

/// A local user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The logon name.
    pub name: String,
    /// The last part of the SID.
    pub rid: u32,
    /// The full name.
    pub full_name: String,
    /// The description.
    pub comment: String,
    /// The password. The machine is a simulation: nothing secret lives here.
    pub password: String,
    /// May log on.
    pub enabled: bool,
    /// Wrong passwords since the last right one.
    pub failures: u32,
}

/// A local group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The name, in the machine's language.
    pub name: String,
    /// The SID.
    pub sid: String,
    /// The description.
    pub comment: String,
    /// Names of members.
    pub members: Vec<String>,
}

/// Why a logon was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogonRefused {
    /// No such user, or a wrong password.
    WrongCredentials,
    /// The account is disabled.
    Disabled,
    /// Too many wrong passwords.
    LockedOut,
}

/// The account database.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    /// The SID of the machine, `S-1-5-21-…`.
    pub machine_sid: String,
    /// Wrong passwords after which an account is locked; 0: never.
    pub lockout_threshold: u32,
    /// Users.
    pub users: Vec<User>,
    /// Groups.
    pub groups: Vec<Group>,
}

impl Accounts {
    /// The user named `name`, in any case.
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name.eq_ignore_ascii_case(name))
    }

    /// The user named `name`, to be changed.
    pub fn user_mut(&mut self, name: &str) -> Option<&mut User> {
        self.users.iter_mut().find(|user| user.name.eq_ignore_ascii_case(name))
    }

    /// A logon with a password; failures are counted.
    ///
    /// # Errors
    /// Why it was refused.
    pub fn log_on(&mut self, name: &str, password: &str) -> Result<&User, LogonRefused> {
        let threshold = self.lockout_threshold;
        let user = self.user_mut(name).ok_or(LogonRefused::WrongCredentials)?;
        if threshold > 0 && user.failures >= threshold {
            return Err(LogonRefused::LockedOut);
        }
        if user.password != password {
            user.failures += 1;
            return Err(LogonRefused::WrongCredentials);
        }
        if !user.enabled {
            return Err(LogonRefused::Disabled);
        }
        user.failures = 0;
        Ok(user)
    }
}
