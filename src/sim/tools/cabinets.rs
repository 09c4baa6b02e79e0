//! makecab.exe and expand.exe for one file each: real cabinets (MSZIP). Their words are invented; the file counts.

use std::io::{Cursor, Read, Write};

use cab::{Cabinet, CabinetBuilder, CompressionType};
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

use super::Process;
use crate::sim::cmd::ExitCode;
use crate::sim::windows::files::FileError;
use crate::sim::windows::files::path::WinPath;

/// `makecab SOURCE [DESTINATION]`: without a destination the last letter of the name becomes `_`.
pub(super) fn makecab(process: &Process) -> ExitCode {
    let words: Vec<&str> = process.args.iter().map(String::as_str).filter(|word| !is_option(word)).collect();
    process.stdout.line("Cabinet Maker - Lossless Data Compression Tool");
    process.stdout.line("");
    let (source, destination) = match *words.as_slice() {
        [source] => (source, underscored(source)),
        [source, destination] => (source, destination.to_owned()),
        _ => {
            process.stdout.line("MAKECAB [/V[n]] [/D var=value ...] [/L dir] source [destination]");
            return 1;
        }
    };
    let name = source.rsplit(['\\', '/', ':']).next().unwrap_or(source);
    let made = process.contents(source).map_err(|error| error.to_string()).and_then(|contents| {
        let modified = process
            .path(source)
            .and_then(|path| process.world.lock().files.look(&path).map(|node| node.modified));
        packed(name, &contents, modified.unwrap_or_default()).map_err(|error| error.to_string())
    });
    let written = made.and_then(|bytes| {
        let path = process.path(&destination).ok_or("a bad name")?;
        process.write_file(&path, bytes).map_err(|error| error.to_string())
    });
    match written {
        Ok(()) => {
            process.stdout.line(&format!("100.00% - {source} (1 of 1)"));
            0
        }
        Err(error) => {
            process.stdout.line(&format!("ERROR: Could not handle source file: {source}: {error}"));
            1
        }
    }
}

/// `expand SOURCE DESTINATION`, `expand SOURCE -F:NAMES FOLDER`: the file gets the time that the cabinet holds. What is
/// no cabinet is copied as it is.
pub(super) fn expand(process: &Process) -> ExitCode {
    process.stdout.line("Microsoft (R) File Expansion Utility");
    process.stdout.line("Copyright (c) Microsoft Corporation. All rights reserved.");
    process.stdout.line("");
    let words: Vec<&str> = process.args.iter().map(String::as_str).filter(|word| !is_option(word)).collect();
    let [source, destination] = *words.as_slice() else {
        process.stdout.line("Expand source destination");
        return 1;
    };
    let Ok(contents) = process.contents(source) else {
        process.stdout.line(&format!("Can't open input file: {source}."));
        return 1;
    };
    let files = match unpacked(&contents) {
        Some(Ok(files)) => files,
        Some(Err(error)) => {
            process.stdout.line(&format!("{source} is not a valid cabinet: {error}"));
            return 2;
        }
        None => {
            let name = source.rsplit(['\\', '/', ':']).next().unwrap_or(source);
            vec![Unpacked {
                name: name.to_owned(),
                bytes: contents.to_vec(),
                modified: process.world().wall_time(),
            }]
        }
    };
    let Some(target) = process.path(destination) else { return 1 };
    let into_folder = process.world.lock().files.is_folder(&target);
    if files.len() > 1 && !into_folder {
        process.stdout.line("The destination must be a folder when the cabinet holds several files.");
        return 1;
    }
    for file in files {
        let path = if into_folder { target.join(&file.name) } else { target.clone() };
        if let Err(error) = put(process, &path, file.bytes, file.modified) {
            process.stdout.line(&format!("Can't open output file: {destination}. {error}"));
            return 1;
        }
    }
    process.stdout.line("Expanding Files Complete ...");
    0
}

fn put(process: &Process, path: &WinPath, bytes: Vec<u8>, modified: Timestamp) -> Result<(), FileError> {
    process.write_file(path, bytes)?;
    if let Some(node) = process.world().files.look_mut(path) {
        node.modified = modified;
    }
    Ok(())
}

fn is_option(word: &str) -> bool {
    word.starts_with(['/', '-'])
}

fn underscored(source: &str) -> String {
    let mut name = source.to_owned();
    match source.rsplit(['\\', '/']).next().and_then(|name| name.rsplit_once('.')) {
        Some((_, extension)) if extension.chars().count() >= 3 => {
            name.pop();
        }
        Some(_) => {}
        None => name.push('.'),
    }
    name.push('_');
    name
}

/// A cabinet with one file. Its time is in the machine's own zone (UTC here), even seconds.
fn packed(name: &str, contents: &[u8], modified: Timestamp) -> std::io::Result<Vec<u8>> {
    let then = modified.to_zoned(TimeZone::UTC).datetime();
    let mut builder = CabinetBuilder::new();
    let file = builder.add_folder(CompressionType::MsZip).add_file(name);
    if let Some(datetime) = datetime(then) {
        file.set_datetime(datetime);
    }
    let mut writer = builder.build(Cursor::new(Vec::new()))?;
    while let Some(mut file) = writer.next_file()? {
        file.write_all(contents)?;
    }
    Ok(writer.finish()?.into_inner())
}

fn datetime(then: civil::DateTime) -> Option<time::PrimitiveDateTime> {
    let month = time::Month::try_from(then.month() as u8).ok()?;
    let date = time::Date::from_calendar_date(i32::from(then.year()), month, then.day() as u8).ok()?;
    let clock = time::Time::from_hms(then.hour() as u8, then.minute() as u8, then.second() as u8).ok()?;
    Some(time::PrimitiveDateTime::new(date, clock))
}

struct Unpacked {
    name: String,
    bytes: Vec<u8>,
    modified: Timestamp,
}

/// `None`: it is no cabinet.
fn unpacked(contents: &[u8]) -> Option<std::io::Result<Vec<Unpacked>>> {
    contents.starts_with(b"MSCF").then(|| {
        let mut cabinet = Cabinet::new(Cursor::new(contents))?;
        let listed: Vec<(String, Timestamp)> = cabinet
            .folder_entries()
            .flat_map(|folder| folder.file_entries())
            .map(|file| (file.name().to_owned(), file.datetime().map_or(Timestamp::UNIX_EPOCH, stamp)))
            .collect();
        let mut files = Vec::new();
        for (name, modified) in listed {
            let mut bytes = Vec::new();
            cabinet.read_file(&name)?.read_to_end(&mut bytes)?;
            files.push(Unpacked { name, bytes, modified });
        }
        Ok(files)
    })
}

fn stamp(datetime: time::PrimitiveDateTime) -> Timestamp {
    Timestamp::from_second(datetime.assume_utc().unix_timestamp()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::sim::tools::trial::Trial;
    use crate::sim::windows::files::path::WinPath;

    #[test]
    fn a_file_comes_back_with_its_time() {
        let trial = Trial::healthy();
        let bytes: Vec<u8> = (0..100_000_u32).map(|n| (n.wrapping_mul(n) >> 7) as u8).collect();
        let (path, again) = (WinPath::new(r"C:\Windows\Temp\a.bin"), WinPath::new(r"C:\Windows\Temp\b.bin"));
        let then = jiff::Timestamp::from_second(1_700_000_000).unwrap();
        {
            let mut world = trial.world.lock();
            let who = crate::sim::windows::acl::Token::administrator(crate::sim::windows::sid::Sid::account(
                world.accounts.machine,
                500,
            ));
            world.files.write(&path, bytes.clone(), &who, then).unwrap();
        }
        trial.ok(r"makecab C:\Windows\Temp\a.bin C:\Windows\Temp\a.cab");
        trial.ok(r"expand C:\Windows\Temp\a.cab C:\Windows\Temp\b.bin");
        let world = trial.world.lock();
        let node = world.files.look(&again).unwrap();
        assert_eq!(node.modified, then);
        let crate::sim::windows::files::node::Body::File(read) = &node.body else { panic!("a file") };
        assert_eq!(**read, bytes);
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        let trial = Trial::healthy();
        assert_eq!(trial.run(r"makecab C:\nothing C:\x").code, 1);
        assert_eq!(trial.run(r"expand C:\nothing C:\x").code, 1);
        assert_eq!(super::underscored("a.txt"), "a.tx_");
        assert_eq!(super::underscored("a.b"), "a.b_");
        assert_eq!(super::underscored("a"), "a._");
    }
}
