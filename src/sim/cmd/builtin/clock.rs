//! `date` and `time`: showing and setting the machine's clock.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::sim::cmd::datetime;
use crate::sim::cmd::percent::is_delimiter;
use crate::sim::cmd::shell::{Shell, Stop};
use crate::sim::cmd::text;
use crate::sim::tools::stream::Stdin;
use crate::sim::windows::language::{Language, Text};

impl Shell {
    pub(super) async fn date(&mut self, tail: &str) -> Result<i32, Stop> {
        let now = self.now();
        let language = self.language();
        let shown = datetime::date(now, language);
        if is_short(tail) {
            // English Windows leaves a blank behind the date.
            let space = if language == Language::EnUs { " " } else { "" };
            self.print(&format!("{shown}{space}\r\n"));
            return Ok(self.succeed());
        }
        let texts = (text::CURRENT_DATE, text::NEW_DATE, text::BAD_DATE);
        self.set_clock(tail, &shown, texts, |given| {
            let time = now.to_zoned(TimeZone::UTC).time();
            parse_date(given, language).and_then(|date| date.to_datetime(time).to_zoned(TimeZone::UTC).ok())
        })
        .await
    }

    pub(super) async fn time(&mut self, tail: &str) -> Result<i32, Stop> {
        let now = self.now();
        let language = self.language();
        if is_short(tail) {
            self.print(&format!("{}\r\n", datetime::short_time(now, language)));
            return Ok(self.succeed());
        }
        let shown = datetime::time(now, language);
        let texts = (text::CURRENT_TIME, text::NEW_TIME, text::BAD_TIME);
        self.set_clock(tail, &shown, texts, |given| {
            let date = now.to_zoned(TimeZone::UTC).date();
            parse_time(given).and_then(|time| date.to_datetime(time).to_zoned(TimeZone::UTC).ok())
        })
        .await
    }

    /// Takes the new value from the arguments, or asks for it until it is right or empty.
    async fn set_clock(
        &mut self,
        tail: &str,
        shown: &str,
        (current, question, refused): (Text, Text, Text),
        parse: impl Fn(&str) -> Option<jiff::Zoned>,
    ) -> Result<i32, Stop> {
        let mut given = tail.trim_matches(is_delimiter).to_owned();
        if given.is_empty() {
            self.say(&current, &[shown]);
        }
        loop {
            if given.is_empty() {
                self.print(&self.words(&question, &[]));
                let stdin = self.stdin();
                let answer = match &stdin {
                    Stdin::Console(console) => Some(console.read_line().await?),
                    Stdin::Bytes(_) => stdin.line(self.page()).await?,
                };
                let Some(answer) = answer else {
                    self.level = 1;
                    return Ok(1);
                };
                answer.trim().clone_into(&mut given);
                if given.is_empty() {
                    return Ok(self.succeed());
                }
            }
            if let Some(wanted) = parse(&given) {
                return Ok(self.move_clock(wanted.timestamp()));
            }
            self.fail(&refused, &[]);
            given.clear();
        }
    }

    fn move_clock(&mut self, wanted: Timestamp) -> i32 {
        if !self.session.token.is_administrator() {
            return self.fail(&text::NO_PRIVILEGE, &[]);
        }
        let by: SignedDuration = wanted.duration_since(self.now());
        let mut world = self.world.lock();
        if let Ok(epoch) = world.epoch.checked_add(by) {
            world.epoch = epoch;
        }
        drop(world);
        self.succeed()
    }
}

fn is_short(tail: &str) -> bool {
    tail.trim_matches(is_delimiter).eq_ignore_ascii_case("/t")
}

fn parse_date(given: &str, language: Language) -> Option<Date> {
    let numbers: Vec<i16> =
        given.split(['-', '/', '.']).map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
    let [a, b, c] = numbers[..] else { return None };
    let (year, month, day) = match language {
        Language::EnUs => (c, a, b),
        Language::DeDe => (c, b, a),
        Language::KoKr | Language::JaJp => (a, b, c),
    };
    let year = match year {
        0..80 => year + 2000,
        80..100 => year + 1900,
        _ => year,
    };
    Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok().filter(|date| date.year() >= 1980)
}

fn parse_time(given: &str) -> Option<Time> {
    let (given, afternoon) = match given.to_ascii_lowercase().strip_suffix("pm") {
        Some(rest) => (rest.trim().to_owned(), true),
        None => (given.to_ascii_lowercase().trim_end_matches("am").trim().to_owned(), false),
    };
    let mut parts = given.split([':', '.', ',']).map(|part| part.parse::<i8>().ok());
    let hour = parts.next()??;
    let minute = parts.next().unwrap_or(Some(0))?;
    let second = parts.next().unwrap_or(Some(0))?;
    let hour = if afternoon && hour < 12 { hour + 12 } else { hour };
    Time::new(hour, minute, second, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_read_in_the_order_of_the_language() {
        let day = Date::constant(2026, 11, 22);
        assert_eq!(parse_date("11-22-26", Language::EnUs), Some(day));
        assert_eq!(parse_date("22.11.2026", Language::DeDe), Some(day));
        assert_eq!(parse_date("2026/11/22", Language::KoKr), Some(day));
        assert_eq!(parse_date("AAAA", Language::EnUs), None);
        assert_eq!(parse_date("13-40-26", Language::EnUs), None);
        assert_eq!(parse_time("9:05 PM"), Some(Time::constant(21, 5, 0, 0)));
        assert_eq!(parse_time("25:00"), None);
    }
}
