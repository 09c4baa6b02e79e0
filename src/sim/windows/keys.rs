//! Private keys of the machine: files in `MachineKeys` whose permissions decide who can use them.
//!
//! Measured on healthy images of 2016 to 2025 (Azure repair script library): the container of Remote Desktop is owned
//! by SYSTEM, which has full control; NETWORK SERVICE reads; up to 2016 Administrators read too, from 2019 on
//! `NT SERVICE\SessionEnv` has full control instead.

use sha2::{Digest as _, Sha256};

use super::World;
use super::accounts::service_sid;
use super::acl::{Ace, Security, Token, right};
use super::files::path::WinPath;
use super::files::tree::{MACHINE_KEYS, RDP_KEY};
use super::os::Os;
use super::sid::Sid;

/// The container of the listener's key.
pub const RDP_CONTAINER: &str = "TSSecKeySet1";
/// The provider of the listener's key.
pub const RDP_PROVIDER: &str = "Microsoft Enhanced Cryptographic Provider v1.0";

/// Why a private key cannot be used, with the code of the cryptographic provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyError {
    /// `NTE_BAD_KEYSET`: no file.
    Missing,
    /// `NTE_PERM`: the file may not be read.
    Denied,
    /// `NTE_BAD_KEY_STATE`: the file holds no key.
    Damaged,
}

impl KeyError {
    /// The HRESULT.
    pub fn code(self) -> u32 {
        match self {
            Self::Missing => 0x8009_0016,
            Self::Denied => 0x8009_0010,
            Self::Damaged => 0x8009_000b,
        }
    }
}

impl World {
    /// The file of a key container; `None` when this machine cannot tell.
    pub fn key_file(&self, container: &str) -> Option<WinPath> {
        if container != RDP_CONTAINER {
            return None;
        }
        let guid = self.registry.text(r"HKLM\SOFTWARE\Microsoft\Cryptography", "MachineGuid")?;
        Some(WinPath::new(&format!(r"{MACHINE_KEYS}\{RDP_KEY}_{guid}")))
    }

    /// Opens a key for use and returns its public modulus.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn use_key(&self, container: &str, who: &Token) -> Result<Vec<u8>, KeyError> {
        let path = self.key_file(container).ok_or(KeyError::Missing)?;
        if !self.files.is_file(&path) {
            return Err(KeyError::Missing);
        }
        let bytes = self.files.read(&path, who).map_err(|_| KeyError::Denied)?;
        modulus(&bytes).ok_or(KeyError::Damaged)
    }

    /// Makes the key file of a container, as its creator asks, when there is none.
    ///
    /// # Errors
    /// [`KeyError::Denied`] when the folder lets the creator write nothing.
    pub(super) fn make_key(&mut self, container: &str, who: &Token) -> Result<Vec<u8>, KeyError> {
        let path = self.key_file(container).ok_or(KeyError::Missing)?;
        let is_hardened = path
            .parent()
            .and_then(|folder| self.files.look(&folder))
            .is_none_or(|folder| !folder.security.allows(&everyone(), right::WRITE_DATA));
        let now = self.wall_time();
        let bytes = key_bytes(&self.random(32));
        let key = modulus(&bytes).ok_or(KeyError::Damaged)?;
        self.files.write(&path, bytes, who, now).map_err(|_| KeyError::Denied)?;
        if let Some(node) = self.files.look_mut(&path) {
            node.security = key_security(self.os);
            if is_hardened {
                // Measured: a hardened folder shapes the next key, which comes without the last entry.
                node.security.entries.pop();
            }
            node.attributes |= super::files::node::attribute::SYSTEM;
        }
        Ok(key)
    }

    /// Bytes nobody can guess, but the same in every run.
    pub(super) fn random(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < length {
            self.entropy += 1;
            let seed = format!("{} {} {:?}", self.computer, self.entropy, self.now);
            bytes.extend(Sha256::digest(seed.as_bytes()));
        }
        bytes.truncate(length);
        bytes
    }
}

/// Owner and entries of the listener's key on a healthy machine.
pub fn key_security(os: Os) -> Security {
    let third = if os <= Os::Server2016 {
        Ace::allow(Sid::administrators(), right::READ)
    } else {
        Ace::allow(service_sid("SessionEnv"), right::FULL)
    };
    Security {
        owner: Sid::system(),
        protected: true,
        entries: vec![
            Ace::allow(Sid::system(), right::FULL),
            Ace::allow(Sid::network_service(), right::READ),
            third,
        ],
    }
}

/// invented: what is in a key file. Real ones are encrypted; this one is noise with a check at its end, so that
/// damage shows.
pub fn key_bytes(seed: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0];
    for part in 0u8..71 {
        bytes.extend(Sha256::new().chain_update([part]).chain_update(seed).finalize());
    }
    let check = Sha256::digest(&bytes);
    bytes.extend(check);
    bytes
}

/// The public modulus that belongs to a key file's contents; `None` when they are damaged.
pub fn modulus(bytes: &[u8]) -> Option<Vec<u8>> {
    let (body, check) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
    if Sha256::digest(body).as_slice() != check {
        return None;
    }
    let mut modulus: Vec<u8> = (0u8..8)
        .flat_map(|part| Sha256::new().chain_update([b'n', part]).chain_update(body).finalize())
        .collect();
    modulus[0] |= 0x80;
    Some(modulus)
}

/// The token of a service: its account and what every service belongs to.
pub fn service_token(account: Sid, service: &str) -> Token {
    let base = if account == Sid::system() { Token::system() } else { Token::standard(account) };
    let mut token = base;
    token.groups.retain(|group| *group != Sid::new(5, &[4]));
    token.groups.push(Sid::new(5, &[6]));
    token.groups.push(service_sid(service));
    token
}

fn everyone() -> Token {
    Token { user: Sid::new(5, &[7]), groups: vec![Sid::everyone()], privileges: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::windows::language::Language;

    #[test]
    fn who_may_use_the_listeners_key() {
        for (os, by_administrators) in
            [(Os::Server2016, true), (Os::Server2019, false), (Os::Server2022, false)]
        {
            let world = World::healthy(os, Language::EnUs);
            let service = service_token(Sid::network_service(), "TermService");
            let admin = Token::administrator(Sid::account(world.accounts.machine, 500));
            assert!(world.use_key(RDP_CONTAINER, &service).is_ok());
            assert_eq!(world.use_key(RDP_CONTAINER, &admin).is_ok(), by_administrators);
            assert_eq!(world.use_key("other", &service), Err(KeyError::Missing));
        }
    }

    #[test]
    fn damage_to_a_key_shows() {
        let mut bytes = key_bytes(b"seed");
        assert_eq!(modulus(&bytes).unwrap().len(), 256);
        bytes[100] ^= 1;
        assert_eq!(modulus(&bytes), None);
        assert_eq!(modulus(&[]), None);
    }
}
