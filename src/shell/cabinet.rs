//! One file in a cabinet (MSZIP): what `expand` and `makecab`, which are on every Windows, understand. It keeps the
//! time of the file too, in even seconds and in the machine's own zone.

use std::io::{self, Cursor, Read, Write};

use cab::{Cabinet, CabinetBuilder, CompressionType};
use jiff::civil::DateTime;
use time::{Date, Month, PrimitiveDateTime, Time};

/// The name inside; whoever unpacks says where the file goes.
const NAME: &str = "file";

/// What a cabinet held.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unpacked {
    pub(super) content: Vec<u8>,
    /// As the clock of the machine showed it.
    pub(super) modified: Option<DateTime>,
}

/// Packs a file. The same content and time give the same bytes.
pub(super) fn pack(content: &[u8], modified: DateTime) -> io::Result<Vec<u8>> {
    let mut builder = CabinetBuilder::new();
    let file = builder.add_folder(CompressionType::MsZip).add_file(NAME);
    file.set_datetime(to_cabinet(modified).unwrap_or(PrimitiveDateTime::MIN));
    let mut writer = builder.build(Cursor::new(Vec::new()))?;
    while let Some(mut file) = writer.next_file()? {
        file.write_all(content)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// Unpacks the first file of a cabinet.
pub(super) fn unpack(bytes: &[u8]) -> io::Result<Unpacked> {
    let mut cabinet = Cabinet::new(Cursor::new(bytes))?;
    let first = cabinet
        .folder_entries()
        .flat_map(|folder| folder.file_entries())
        .next()
        .map(|file| (file.name().to_owned(), file.datetime().and_then(from_cabinet)));
    let (name, modified) =
        first.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the cabinet is empty"))?;
    let mut content = Vec::new();
    cabinet.read_file(&name)?.read_to_end(&mut content)?;
    Ok(Unpacked { content, modified })
}

fn to_cabinet(then: DateTime) -> Option<PrimitiveDateTime> {
    let month = Month::try_from(u8::try_from(then.month()).ok()?).ok()?;
    let date =
        Date::from_calendar_date(i32::from(then.year()), month, u8::try_from(then.day()).ok()?).ok()?;
    let part = |value: i8| u8::try_from(value).ok();
    let clock = Time::from_hms(part(then.hour())?, part(then.minute())?, part(then.second())?).ok()?;
    Some(PrimitiveDateTime::new(date, clock))
}

fn from_cabinet(then: PrimitiveDateTime) -> Option<DateTime> {
    let part = |value: u8| i8::try_from(value).ok();
    let (year, month) = (i16::try_from(then.year()).ok()?, part(u8::from(then.month()))?);
    DateTime::new(
        year,
        month,
        part(then.day())?,
        part(then.hour())?,
        part(then.minute())?,
        part(then.second())?,
        0,
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn content_and_time_come_back() {
        let then = date(2026, 11, 28).at(14, 57, 32, 0);
        for size in [1, 100, 32_767, 32_768, 32_769, 200_000] {
            let content: Vec<u8> =
                (0..size).map(|n: u32| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
            let packed = pack(&content, then).unwrap();
            assert_eq!(packed, pack(&content, then).unwrap());
            assert_eq!(unpack(&packed).unwrap(), Unpacked { content, modified: Some(then) }, "{size}");
        }
        let text = "one line like the next\r\n".repeat(4_000).into_bytes();
        assert!(pack(&text, then).unwrap().len() < text.len() / 50);
        assert!(unpack(b"no cabinet").is_err());
    }
}
