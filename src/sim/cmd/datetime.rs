//! Dates and times in the short formats of the machine's language. The machine's time zone is UTC.

use jiff::Timestamp;
use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;

use crate::sim::windows::language::Language;

/// `%DATE%`: `Sun 11/22/2026`.
pub(super) fn date(at: Timestamp, language: Language) -> String {
    let now = civil(at);
    match language {
        Language::EnUs => format!("{} {}", weekday(now), short_date(now, language)),
        _ => short_date(now, language),
    }
}

/// `%TIME%`: `12:36:56.78`, the hour padded with a blank.
pub(super) fn time(at: Timestamp, language: Language) -> String {
    let now = civil(at);
    let point = if language == Language::DeDe { ',' } else { '.' };
    let hundredths = now.millisecond() / 10;
    format!("{:2}:{:02}:{:02}{point}{hundredths:02}", now.hour(), now.minute(), now.second())
}

/// `time /t`: `12:36 PM`.
pub(super) fn short_time(at: Timestamp, language: Language) -> String {
    hours_and_minutes(civil(at), language)
}

/// Date and time of a file, as `dir` and `%~t` show them.
pub(super) fn file_time(at: Timestamp, language: Language) -> String {
    let then = civil(at);
    format!("{} {}", short_date(then, language), hours_and_minutes(then, language))
}

/// The same in the columns of `dir`, two blanks between.
pub(super) fn dir_time(at: Timestamp, language: Language) -> String {
    let then = civil(at);
    format!("{}  {}", short_date(then, language), hours_and_minutes(then, language))
}

fn civil(at: Timestamp) -> DateTime {
    at.to_zoned(TimeZone::UTC).datetime()
}

fn weekday(day: DateTime) -> &'static str {
    match day.weekday() {
        Weekday::Monday => "Mon",
        Weekday::Tuesday => "Tue",
        Weekday::Wednesday => "Wed",
        Weekday::Thursday => "Thu",
        Weekday::Friday => "Fri",
        Weekday::Saturday => "Sat",
        Weekday::Sunday => "Sun",
    }
}

fn short_date(day: DateTime, language: Language) -> String {
    let (y, m, d) = (day.year(), day.month(), day.day());
    match language {
        Language::EnUs => format!("{m:02}/{d:02}/{y:04}"),
        Language::KoKr => format!("{y:04}-{m:02}-{d:02}"),
        Language::JaJp => format!("{y:04}/{m:02}/{d:02}"),
        Language::DeDe => format!("{d:02}.{m:02}.{y:04}"),
    }
}

fn hours_and_minutes(at: DateTime, language: Language) -> String {
    let (hour, minute) = (at.hour(), at.minute());
    let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
    match language {
        Language::EnUs => format!("{twelve:02}:{minute:02} {}", if hour < 12 { "AM" } else { "PM" }),
        Language::KoKr => format!("{} {twelve:02}:{minute:02}", if hour < 12 { "오전" } else { "오후" }),
        Language::JaJp | Language::DeDe => format!("{hour:02}:{minute:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_follow_the_language() {
        let at: Timestamp = "2026-11-22T09:05:01.239Z".parse().unwrap();
        let rows = [
            (Language::EnUs, "Sun 11/22/2026", " 9:05:01.23", "09:05 AM", "11/22/2026  09:05 AM"),
            (Language::KoKr, "2026-11-22", " 9:05:01.23", "오전 09:05", "2026-11-22  오전 09:05"),
            (Language::JaJp, "2026/11/22", " 9:05:01.23", "09:05", "2026/11/22  09:05"),
            (Language::DeDe, "22.11.2026", " 9:05:01,23", "09:05", "22.11.2026  09:05"),
        ];
        for (language, day, now, short, column) in rows {
            assert_eq!(date(at, language), day);
            assert_eq!(time(at, language), now);
            assert_eq!(short_time(at, language), short);
            assert_eq!(dir_time(at, language), column);
        }
        let midnight: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
        assert_eq!(short_time(midnight, Language::EnUs), "12:00 AM");
    }
}
