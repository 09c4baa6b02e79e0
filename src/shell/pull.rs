//! A file of the machine: a copy of it as it is now, packed there where the machine can, fetched in pages, proven by its
//! hash.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::cabinet;
use super::fetch::hex;
use super::machine_file::{READING, hashes, last_line};
use super::pager::Encoded;
use super::session::Session;
use super::{ShellError, TransferProgress};

/// A file of the machine that is ready to be fetched.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// Common start of the names of its copies.
    staged: String,
    path: String,
    /// Bytes of the file itself.
    size: u64,
    /// SHA-256 of the file itself, lower-case hex.
    hash: String,
    /// What is fetched, when it is not the file as it is: a cabinet's size and SHA-256.
    packed: Option<(u64, String)>,
}

/// A file that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// What it holds, proven.
    pub content: Vec<u8>,
    /// Its time, where the machine could tell it.
    pub modified: Option<Timestamp>,
}

impl Incoming {
    /// Bytes of a page: what an earlier try has counts in whole pages.
    pub const PAGE: usize = super::pager::PAGE;

    /// Bytes of the file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// SHA-256 of the file, lower-case hex; empty for an empty file.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Bytes that come over the line, before base64.
    pub fn carried(&self) -> u64 {
        self.packed.as_ref().map_or(self.size, |(size, _)| *size)
    }

    /// SHA-256 of what comes over the line: what an earlier try has is of use when it is the same.
    pub fn carried_hash(&self) -> &str {
        self.packed.as_ref().map_or(&self.hash, |(_, hash)| hash)
    }
}

impl Session {
    /// Makes a file ready to be fetched.
    ///
    /// # Errors
    /// [`ShellError::NotFetched`] when it cannot be read.
    pub async fn ready(&mut self, path: &str) -> Result<Incoming, ShellError> {
        let tools = self.tools().await?;
        let staged = format!("%SystemRoot%\\Temp\\sacpilot-{}", &hex(&Sha256::digest(path))[..12]);
        // Also of a file that others write to: what counts is how it is now.
        let copied = self.cmd(&format!("copy /b/y \"{path}\" {staged}.f"), READING).await?;
        if copied.code != 0 {
            let reason = last_line(&copied.text).to_owned();
            return Err(ShellError::NotFetched { path: path.to_owned(), reason });
        }
        let pack = if tools.packs { format!("makecab {staged}.f {staged}.z>nul&&") } else { String::new() };
        let from = if tools.packs { "z" } else { "f" };
        let command = format!(
            "{pack}certutil -f -encode {staged}.{from} {staged}.b>nul&for %A in ({staged}.f {staged}.z) do @echo =%~zA=&certutil -hashfile %A SHA256"
        );
        let text = self.cmd(&command, READING).await?.text;
        let sizes: Vec<u64> = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix('=')?.strip_suffix('=')?.parse().ok())
            .collect();
        let mut hashes = hashes(&text).into_iter();
        let size = sizes.first().copied().ok_or_else(|| ShellError::NotFetched {
            path: path.to_owned(),
            reason: last_line(&text).to_owned(),
        })?;
        let hash = if size == 0 { String::new() } else { hashes.next().unwrap_or_default() };
        let packed = sizes.get(1).copied().zip(hashes.next()).filter(|_| tools.packs);
        Ok(Incoming { staged, path: path.to_owned(), size, hash, packed })
    }

    /// Fetches it; `begun` is the beginning of what an earlier try brought over the line.
    ///
    /// # Errors
    /// [`ShellError::NotFetched`] when it never came unaltered.
    pub async fn pull(
        &mut self,
        file: &Incoming,
        begun: &[u8],
        progress: &mut TransferProgress<'_>,
    ) -> Result<Fetched, ShellError> {
        let refused = |reason: String| ShellError::NotFetched { path: file.path.clone(), reason };
        if file.carried() == 0 {
            return Ok(Fetched { content: Vec::new(), modified: None });
        }
        let encoded = Encoded {
            path: &format!("{}.b", file.staged),
            size: file.carried() as usize,
            hash: Some(file.carried_hash()),
        };
        let carried = self.fetch_pages(&encoded, begun, progress).await?.map_err(refused)?;
        let fetched = if file.packed.is_some() {
            let unpacked = cabinet::unpack(&carried).map_err(|error| refused(error.to_string()))?;
            let tools = self.tools().await?;
            let modified = unpacked.modified.and_then(|then| tools.of_its_clock(then));
            Fetched { content: unpacked.content, modified }
        } else {
            Fetched { content: carried, modified: None }
        };
        if file.size > 0 && hex(&Sha256::digest(&fetched.content)) != file.hash {
            return Err(refused("its SHA-256 differs from the one computed on the machine".to_owned()));
        }
        self.cmd(&format!("del {}.*", file.staged), READING).await?;
        Ok(fetched)
    }
}
