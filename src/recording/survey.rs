//! A recording looked over once, in flat memory: what somebody has to know before it is played.

use std::io::Read;
use std::time::Duration;

use super::{Header, Import, Kind, ReadError};
use crate::secret::MASK;

/// What a recording holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// Its first line.
    pub header: Header,
    /// How long it lasts.
    pub length: Duration,
    /// Bytes that the console sent.
    pub said: u64,
    /// Bytes that were sent to it, secrets as they are masked.
    pub sent: u64,
    /// Marks.
    pub marks: u64,
    /// What the program told first: the beginning of a run. `None`: no run was recorded.
    pub told: Option<String>,
    /// How many stars were shown for each masked secret, in the order in which they were typed: 0 where none were.
    pub stars: Vec<usize>,
    /// Whether its last line is torn: the recorder was killed.
    pub torn: bool,
}

/// Looks a recording over.
///
/// # Errors
/// [`ReadError`]
pub fn survey(input: impl Read + Send + 'static) -> Result<Survey, ReadError> {
    let mut reader = Import::new(input)?;
    let mut survey = Survey {
        header: reader.header().clone(),
        length: Duration::ZERO,
        said: 0,
        sent: 0,
        marks: 0,
        told: None,
        stars: Vec::new(),
        torn: false,
    };
    let mut counts_stars = false;
    for event in reader.by_ref() {
        let event = event?;
        survey.length = survey.length.max(event.at);
        match event.kind {
            Kind::Output(bytes) => {
                survey.said += bytes.len() as u64;
                if counts_stars {
                    let line = bytes.iter().take_while(|byte| !matches!(byte, b'\r' | b'\n'));
                    let whole = line.clone().count() == bytes.len();
                    let stars: usize = line.map(|byte| usize::from(*byte == b'*')).sum();
                    if let Some(last) = survey.stars.last_mut() {
                        *last += stars;
                    }
                    counts_stars = whole;
                }
            }
            Kind::Input(bytes) => {
                survey.sent += bytes.len() as u64;
                counts_stars = bytes.starts_with(MASK.as_bytes());
                if counts_stars {
                    survey.stars.push(0);
                }
            }
            Kind::Mark(_) => survey.marks += 1,
            Kind::Told(event) => survey.told = survey.told.or(Some(event)),
            Kind::Other { .. } => {}
        }
    }
    survey.torn = reader.torn();
    Ok(survey)
}
