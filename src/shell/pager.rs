//! Many pages of base64, one after the other: a second small batch file on the machine, written when the first output
//! or file is large enough to need it.
//!
//! A page is a heading with its number and 25 lines of 64 characters without line ends, which fill 20 rows. The batch
//! file then waits for a key, so that a page costs one byte to ask for, and none is lost where the console sends only
//! what its screen shows. A page that came short is asked for alone; what came altered is found by the hashes that
//! the machine makes of single pages.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::cabinet;
use super::fetch::hex;
use super::machine_file::hashes;
use super::session::Session;
use super::{Came, ShellError, TransferProgress};
use crate::console::{ConsoleError, Patience, Rendering};
use crate::screen::{COLUMNS, Position, Screen};

/// The batch file. `%SP%.p.cmd CALL FIRST LINES FILE` shows so many lines of a file that `certutil -encode` made, from
/// that page on; with `h` behind, the SHA-256 of them. `%SP%.p.cmd CALL z` packs the last output.
pub(super) const LINES: [&str; 17] = [
    "@setlocal enabledelayedexpansion",
    "@if \"%2\"==\"z\" goto z",
    "@set /a N=0,M=0,P=%2,S=1+%2*25",
    "@if \"%5\"==\"h\" (call :h %*>%SP%.y)&certutil -hashfile %SP%.y SHA256&goto :eof",
    "@cls&echo #%1 %P%",
    "@for /f \"skip=%S%\" %%A in (%4) do @((if !M!==%3 exit /b)&(if !N!==25 (pause>nul&set /a N=0,P+=1&cls&echo #%1 !P!))&set /a N+=1,M+=1&<nul set /p =%%A)",
    "@goto :eof",
    ":h",
    "@for /f \"skip=%S%\" %%A in (%4) do @((if !M!==%3 exit /b)&set /a M+=1&echo %%A)",
    "@goto :eof",
    ":z",
    "@del %SP%.z>nul 2>&1",
    "@certutil -f -decode %SP%.b %SP%.f>nul&makecab %SP%.f %SP%.z>nul 2>&1",
    "@if not exist %SP%.z move /y %SP%.f %SP%.z>nul",
    "@certutil -f -encode %SP%.z %SP%.l>nul 2>&1",
    "@cls&for %%A in (%SP%.z) do @echo #%1 %%~zA",
    "@certutil -hashfile %SP%.z SHA256",
];

/// Bytes in one line of `certutil -encode`.
const LINE: usize = 48;
/// Lines in a page.
const LINES_OF_PAGE: usize = 25;
/// Bytes in a page.
pub(super) const PAGE: usize = LINE * LINES_OF_PAGE;
/// Pages that are shown in one go.
const RUN: usize = 64;
/// How long a page may take to begin; a file is read from its start for the first.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long the next page may take to begin after its key.
const NEXT: Duration = Duration::from_secs(10);
/// How often that key is sent before it counts as no help.
const KEYS: u32 = 3;
/// Once a page has begun, so much silence says that no more of it comes.
const SILENCE: Duration = Duration::from_millis(1_500);
/// Rows that may still be on the wire when the next page is asked for.
const EARLY: u16 = 2;
/// How often a page that came short is asked for.
const TRIES: u32 = 8;
/// More than an output may be.
const MOST: usize = 16 << 20;
/// Pages whose hashes are asked for with one command: each shows three or, where the hash wraps, four rows.
const HASHES: usize = 5;

/// A file of the machine that `certutil -encode` made, and what it holds.
#[derive(Debug, Clone)]
pub(super) struct Encoded<'a> {
    /// Its path.
    pub(super) path: &'a str,
    /// Bytes behind the base64.
    pub(super) size: usize,
    /// SHA-256 of them where it is known.
    pub(super) hash: Option<&'a str>,
}

/// How a run of pages ended.
enum Shown {
    /// With the prompt.
    ToTheEnd,
    /// The heading of a page did not come: the batch file may still wait for a key.
    Stuck,
    /// Whoever watches wants no more.
    NotWanted,
}

/// What came so far: pages that came whole in form.
struct Pages {
    size: usize,
    all: Vec<Option<Vec<u8>>>,
    /// Pages of the beginning that were told to whoever watches.
    told: usize,
}

impl Session {
    /// Fetches what an encoded file holds; `begun` is what an earlier try has of its beginning.
    pub(super) async fn fetch_pages(
        &mut self,
        file: &Encoded<'_>,
        begun: &[u8],
        progress: &mut TransferProgress<'_>,
    ) -> Result<Result<Vec<u8>, String>, ShellError> {
        self.write_pager().await?;
        let mut pages = Pages::begun(file.size, begun);
        let mut failures = 0;
        loop {
            while let Some((first, count)) = pages.missing() {
                let before = pages.left();
                match self.show_pages(file, first, count, &mut pages, progress).await {
                    Ok(Shown::ToTheEnd) => {}
                    Ok(Shown::Stuck) => self.back_to_prompt().await?,
                    Ok(Shown::NotWanted) => return Err(ShellError::Stopped { channel: None }),
                    Err(error) if matches!(error, ConsoleError::Stopped { .. }) => return Err(error.into()),
                    Err(error) => self.regain_prompt(error).await?,
                }
                if pages.left() == before {
                    failures += 1;
                    if failures > TRIES {
                        return Ok(Err(format!("page {first} of it never came whole")));
                    }
                } else {
                    failures = 0;
                }
            }
            let bytes = pages.bytes();
            if file.hash.is_none_or(|hash| hex(&Sha256::digest(&bytes)) == hash) {
                return Ok(Ok(bytes));
            }
            tracing::debug!("what was fetched came altered; asking for the hashes of its pages");
            self.console_mut().learn_noise();
            failures += 1;
            let dropped = self.drop_altered(file, &mut pages).await?;
            if failures > TRIES || dropped == 0 {
                return Ok(Err("its SHA-256 differs from the one computed on the machine".to_owned()));
            }
        }
    }

    /// Fetches the last output packed, where the machine can pack; as it is where not. None: it did not come so that
    /// it could be proven, and is to be fetched in the careful way.
    pub(super) async fn fetch_packed(
        &mut self,
        size: u64,
        hash: &str,
    ) -> Result<Option<Vec<u8>>, ShellError> {
        if let Err(error) = self.write_pager().await {
            tracing::debug!(%error, "many pages at a time cannot be shown");
            return if error.is_stop() || error.is_lost_line() { Err(error) } else { Ok(None) };
        }
        let call = self.next_call();
        let shown: Result<(), ConsoleError> = async {
            self.type_and_enter(&format!("(%SP%.p.cmd {call} z)")).await?;
            self.await_prompt(PATIENCE).await
        }
        .await;
        if let Err(error) = shown {
            self.regain_prompt(error).await?;
            return Ok(None);
        }
        let screen = self.console().screen();
        let packed =
            screen.row(0).strip_prefix(&format!("#{call} ")).and_then(|size| size.trim().parse().ok());
        let packed_hash = hashes(&unwrapped(screen)).pop();
        let (Some(packed), Some(packed_hash)) = (packed, packed_hash) else { return Ok(None) };
        if packed > MOST {
            return Ok(None);
        }
        let file = Encoded { path: "%SP%.l", size: packed, hash: Some(&packed_hash) };
        let Ok(bytes) = self.fetch_pages(&file, &[], &mut |_| true).await? else { return Ok(None) };
        let output = cabinet::unpack(&bytes).map_or(bytes, |unpacked| unpacked.content);
        let right = output.len() as u64 == size && hex(&Sha256::digest(&output)) == hash;
        Ok(right.then_some(output))
    }

    /// Shows pages from `first` on and takes them.
    async fn show_pages(
        &mut self,
        file: &Encoded<'_>,
        first: usize,
        count: usize,
        pages: &mut Pages,
        progress: &mut TransferProgress<'_>,
    ) -> Result<Shown, ConsoleError> {
        let call = self.next_call();
        let lines = pages.lines(first, count);
        self.type_and_enter(&format!("(%SP%.p.cmd {call} {first} {lines} {})", file.path)).await?;
        for page in first..first + count {
            let heading = format!("#{call} {page}");
            let end = end_of(pages.text_length(page));
            if !self.page_begins(&heading, page == first).await? {
                return Ok(Shown::Stuck);
            }
            let deadline = Instant::now() + PATIENCE;
            let patience = Patience { until: deadline, idle: Some(SILENCE) };
            let last = page + 1 == first + count;
            // What is drawn as a stream comes in order, so the key may be on its way while the last rows are.
            let early = !last && self.console().typing().rendering == Rendering::Stream;
            if early {
                let nearly = Position { row: end.row.saturating_sub(EARLY), ..end };
                let near = self
                    .console_mut()
                    .wait("most of a page", patience, |screen| (screen.cursor() >= nearly).then_some(()));
                match near.await {
                    Ok(()) | Err(ConsoleError::TimedOut { .. }) => self.console_mut().send(b" ").await?,
                    Err(error) => return Err(error),
                }
            }
            let whole = self
                .console_mut()
                .wait("the rest of a page", patience, |screen| {
                    (is_at(screen, end) || screen.cursor() > end || !is_headed(screen, &heading))
                        .then_some(())
                })
                .await;
            match whole {
                Ok(()) => {}
                Err(ConsoleError::TimedOut { .. }) => self.console_mut().learn_noise(),
                Err(error) => return Err(error),
            }
            pages.take(page, self.console().screen(), &heading);
            if !early && !last {
                self.console_mut().send(b" ").await?;
            }
            if !pages.tell(progress) {
                return Ok(Shown::NotWanted);
            }
        }
        self.await_prompt(PATIENCE).await?;
        Ok(Shown::ToTheEnd)
    }

    /// Waits for the heading of a page. A key that was lost on the way is sent again: one too many shows a page that is
    /// not taken, and that is asked for once more.
    async fn page_begins(&mut self, heading: &str, is_first: bool) -> Result<bool, ConsoleError> {
        let (span, tries) = if is_first { (PATIENCE, 1) } else { (NEXT, KEYS) };
        for left in (0..tries).rev() {
            let begun = self
                .console_mut()
                .wait("a page", Patience::of(span), |screen| is_headed(screen, heading).then_some(()))
                .await;
            match begun {
                Ok(()) => return Ok(true),
                Err(ConsoleError::TimedOut { .. }) => self.console_mut().learn_noise(),
                Err(error) => return Err(error),
            }
            if left > 0 && !self.is_at_prompt() {
                self.console_mut().send(b" ").await?;
            }
        }
        Ok(false)
    }

    /// Forgets the pages whose hash on the machine is another one; how many.
    async fn drop_altered(&mut self, file: &Encoded<'_>, pages: &mut Pages) -> Result<usize, ShellError> {
        let mut dropped = 0;
        let all: Vec<usize> = (0..pages.all.len()).collect();
        for group in all.chunks(HASHES) {
            // Only the last page can be shorter.
            let numbers: Vec<String> = group.iter().map(usize::to_string).collect();
            let command = format!(
                "(cls&for %P in ({}) do @call %SP%.p.cmd x %P {LINES_OF_PAGE} {} h)",
                numbers.join(" "),
                file.path
            );
            // Read from the screen: a command of its own would take the place of the output that is being fetched.
            let shown: Result<(), ConsoleError> = async {
                self.type_and_enter(&command).await?;
                self.await_prompt(PATIENCE * 2).await
            }
            .await;
            let hashes = match shown {
                Ok(()) => hashes(&unwrapped(self.console().screen())),
                Err(error) => {
                    self.regain_prompt(error).await?;
                    Vec::new()
                }
            };
            for (index, page) in group.iter().enumerate() {
                if hashes.get(index) != Some(&pages.hash(*page)) {
                    pages.all[*page] = None;
                    dropped += 1;
                }
            }
        }
        Ok(dropped)
    }

    async fn write_pager(&mut self) -> Result<(), ShellError> {
        if self.has_pager() {
            return Ok(());
        }
        self.write_batch(&LINES, "%SP%.p.cmd").await?;
        self.remember_pager();
        Ok(())
    }
}

/// The text of the screen, rows that go on in the next one joined: the certutil of Server 2016 puts blanks between the
/// bytes of a hash, which makes 95 characters.
fn unwrapped(screen: &Screen) -> String {
    let mut text = String::new();
    for row in screen.text().lines() {
        text.push_str(row);
        if row.chars().count() < usize::from(COLUMNS) {
            text.push('\n');
        }
    }
    text
}

impl Pages {
    fn begun(size: usize, begun: &[u8]) -> Self {
        let begun = if begun.len() <= size { begun } else { &[] };
        let whole = begun.len() / PAGE;
        let all = (0..size.div_ceil(PAGE))
            .map(|page| (page < whole).then(|| begun[page * PAGE..(page + 1) * PAGE].to_vec()))
            .collect();
        Self { size, all, told: whole.min(size.div_ceil(PAGE)) }
    }

    /// The first pages that did not come: from which on, and how many in a row.
    fn missing(&self) -> Option<(usize, usize)> {
        let first = self.all.iter().position(Option::is_none)?;
        let count = self.all[first..].iter().take(RUN).take_while(|page| page.is_none()).count();
        Some((first, count))
    }

    fn left(&self) -> usize {
        self.all.iter().filter(|page| page.is_none()).count()
    }

    /// Tells what came; false: no more is wanted.
    fn tell(&mut self, progress: &mut TransferProgress<'_>) -> bool {
        let whole = self.all[self.told..].iter().take_while(|page| page.is_some()).count();
        let new: Vec<u8> =
            self.all[self.told..self.told + whole].iter().flatten().flatten().copied().collect();
        self.told += whole;
        progress(Came { done: self.came() as u64, total: self.size as u64, new: &new })
    }

    fn came(&self) -> usize {
        self.all.iter().flatten().map(Vec::len).sum()
    }

    fn bytes(&self) -> Vec<u8> {
        self.all.iter().flatten().flatten().copied().collect()
    }

    /// Bytes on a page.
    fn length(&self, page: usize) -> usize {
        self.size.saturating_sub(page * PAGE).min(PAGE)
    }

    fn text_length(&self, page: usize) -> usize {
        self.length(page).div_ceil(3) * 4
    }

    fn lines(&self, first: usize, count: usize) -> usize {
        (first..first + count).map(|page| self.length(page).div_ceil(LINE)).sum()
    }

    fn take(&mut self, page: usize, screen: &Screen, heading: &str) {
        if !is_headed(screen, heading) {
            return;
        }
        let length = self.text_length(page);
        let rows = length.div_ceil(usize::from(COLUMNS)) as u16;
        let text: String = (1..=rows).map(|row| screen.row(row)).collect();
        if text.len() != length {
            return;
        }
        if let Ok(bytes) = STANDARD.decode(&text)
            && bytes.len() == self.length(page)
        {
            self.all[page] = Some(bytes);
        }
    }

    /// SHA-256 of the lines of a page as they stand in the file.
    fn hash(&self, page: usize) -> String {
        let text = STANDARD.encode(self.all[page].as_deref().unwrap_or_default());
        let mut hash = Sha256::new();
        for line in text.as_bytes().chunks(LINE / 3 * 4) {
            hash.update(line);
            hash.update(b"\r\n");
        }
        if page + 1 == self.all.len() && !text.len().is_multiple_of(LINES_OF_PAGE * 64) {
            // `for /f` takes the first word of the line that ends the file.
            hash.update(b"-----END\r\n");
        }
        hex(&hash.finalize())
    }
}

/// Where the cursor stands behind so many characters that begin in the second row.
fn end_of(length: usize) -> Position {
    let columns = usize::from(COLUMNS);
    Position { row: 1 + (length / columns) as u16, column: (length % columns) as u16 }
}

fn is_at(screen: &Screen, end: Position) -> bool {
    let cursor = screen.cursor();
    // A terminal that has not wrapped yet stands behind the last cell.
    cursor == end || end.column == 0 && cursor == (Position { row: end.row - 1, column: COLUMNS })
}

fn is_headed(screen: &Screen, heading: &str) -> bool {
    screen.cursor().row > 0 && screen.row(0) == heading
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::helper;

    #[test]
    fn a_page_is_taken_only_whole_and_under_its_own_heading() {
        let bytes: Vec<u8> = (0..3_000).map(|n: usize| (n * 31 + n / 7) as u8).collect();
        let mut pages = Pages::begun(bytes.len(), &bytes[..1_300]);
        assert_eq!((pages.missing(), pages.lines(1, 2)), (Some((1, 2)), 38));
        let shown = |text: &str, heading: &str| {
            let mut screen = Screen::new();
            format!("{heading}\r\n{text}").chars().for_each(|c| screen.feed(c));
            screen
        };
        let text = STANDARD.encode(&bytes[PAGE..2 * PAGE]);
        let whole = shown(&text, "#17kbd 1");
        assert!(is_at(&whole, end_of(text.len())));
        for wrong in [
            shown(&text[1..], "#17kbd 1"),
            shown(&text, "#17kbd 2"),
            shown(&text.replace('A', "!"), "#17kbd 1"),
        ] {
            pages.take(1, &wrong, "#17kbd 1");
            assert_eq!(pages.left(), 2);
        }
        pages.take(1, &whole, "#17kbd 1");
        let last = STANDARD.encode(&bytes[2 * PAGE..]);
        pages.take(2, &shown(&last, "#17kbd 2"), "#17kbd 2");
        assert_eq!((pages.missing(), pages.bytes()), (None, bytes));
    }

    #[test]
    fn the_batch_file_is_typed_in_lines_of_a_safe_length() {
        let typed = helper::upload(&LINES, "%SP%.p.cmd", helper::Line::Good);
        assert!(typed.len() <= 3 && typed.iter().all(|line| line.len() < 900), "{typed:?}");
    }
}
