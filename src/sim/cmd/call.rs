//! `call`: a label, a batch file, or any command whose line is read once more.

use super::batch::Start;
use super::parse::parse_called;
use super::percent::{expand, is_delimiter};
use super::shell::{Shell, Stop};
use super::text;

impl Shell {
    pub(super) async fn call(&mut self, tail: &str) -> Result<i32, Stop> {
        let text = tail.trim_start_matches(is_delimiter);
        if text.is_empty() {
            // `(call)` fails and `(call )` succeeds, which people use to set ERRORLEVEL.
            self.level = i32::from(tail.is_empty());
            return Ok(self.level);
        }
        // All carets are doubled before the second pass, which takes half of those outside quotes away again.
        let doubled = text.replace('^', "^^");
        let Ok(expanded) = expand(&doubled, self) else {
            return Ok(self.fail(&text::SYNTAX, &[]));
        };
        let Ok(simple) = parse_called(&expanded) else {
            return Ok(self.fail(&text::SYNTAX, &[]));
        };
        let handles = self.handles.clone();
        let result = match self.redirect(&simple.redirects) {
            Ok(()) => self.called(&simple.name, &simple.tail).await,
            Err(()) => Ok(1),
        };
        let flushed = self.flush();
        self.handles = handles;
        match (result, flushed) {
            (Ok(_), Err(error)) => Ok(self.fail_file(error)),
            (result, _) => result,
        }
    }

    async fn called(&mut self, name: &str, tail: &str) -> Result<i32, Stop> {
        if name.starts_with(':') {
            return self.call_label(name, tail).await;
        }
        let is_drive = name.len() == 2 && name.ends_with(':');
        if is_drive || Self::is_builtin(name).is_some() {
            let before = self.level;
            let code = self.dispatch(name, tail).await?;
            if code != 0 || self.level == before {
                self.level = code;
            }
            return Ok(code);
        }
        let found = self.find_program(name);
        self.start_found(name, tail, found, Start::Called).await
    }
}
