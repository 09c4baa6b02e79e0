//! A recording in several files: `session.cast`, `session.2.cast`, … Each is whole in itself, with a header of its own;
//! read one after the other they are the recording.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::cast::Header;

/// The longest header that is looked at.
const LONGEST_HEADER: u64 = 64 * 1024;

/// Where part `number` (from 1) of the recording at `path` is: `x.cast`, `x.2.cast`, …; `x.cast.gz`, `x.2.cast.gz`.
pub fn part_path(path: &Path, number: u32) -> PathBuf {
    if number <= 1 {
        return path.to_owned();
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let at = name.find(".cast").or_else(|| name.rfind('.').filter(|at| *at > 0)).unwrap_or(name.len());
    path.with_file_name(format!("{}.{number}{}", &name[..at], &name[at..]))
}

/// All files of a recording as one, from the one that is named on.
#[derive(Debug)]
pub struct Parts {
    first: PathBuf,
    header: Option<Header>,
    number: u32,
    file: Option<File>,
}

impl Parts {
    /// Opens the first one.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // `read` of a folder is an error too, but not one that names it.
        if file.metadata()?.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        // What cannot be looked at twice (a pipe) has no further parts.
        let header = if file.metadata()?.is_file() { header_of(path) } else { None };
        // The second part alone has others behind it as well, but they are not asked for.
        let header = header.filter(|header| header.part_number() == Some(1));
        Ok(Self { first: path.to_owned(), header, number: 1, file: Some(file) })
    }

    fn next_part(&mut self) -> Option<File> {
        let first = self.header.as_ref()?;
        self.number += 1;
        let path = part_path(&self.first, self.number);
        let header = header_of(&path)?;
        // A file of an earlier recording of the same name is no part of this one.
        let same = header.timestamp == first.timestamp && header.title == first.title;
        (same && header.part_number() == Some(self.number)).then(|| File::open(path).ok())?
    }
}

impl Read for Parts {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        while let Some(file) = &mut self.file {
            let count = file.read(bytes)?;
            if count > 0 || bytes.is_empty() {
                return Ok(count);
            }
            self.file = self.next_part();
        }
        Ok(0)
    }
}

fn header_of(path: &Path) -> Option<Header> {
    let mut file = BufReader::new(File::open(path).ok()?);
    let mut line = Vec::new();
    if file.fill_buf().ok()?.starts_with(&[0x1f, 0x8b]) {
        let unpacked = BufReader::new(flate2::bufread::MultiGzDecoder::new(file));
        unpacked.take(LONGEST_HEADER).read_until(b'\n', &mut line).ok()?;
    } else {
        file.take(LONGEST_HEADER).read_until(b'\n', &mut line).ok()?;
    }
    serde_json::from_slice(&line).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_named_after_the_first() {
        for (path, second) in [
            ("a/session.cast", "a/session.2.cast"),
            ("x.cast.gz", "x.2.cast.gz"),
            ("log.txt", "log.2.txt"),
            ("plain", "plain.2"),
            (".hidden", ".hidden.2"),
        ] {
            assert_eq!(part_path(Path::new(path), 2), Path::new(second));
            assert_eq!(part_path(Path::new(path), 1), Path::new(path));
        }
    }
}
