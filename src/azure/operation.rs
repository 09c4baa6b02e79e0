//! Operations that take minutes: asked how far they are until they have ended
//! (Azure Resource Manager, "track asynchronous operations").

use std::time::Duration;

use hyper::http::header::{LOCATION, RETRY_AFTER};
use hyper::http::{Method, StatusCode};
use serde::Deserialize;
use tokio::time::Instant;

use super::arm::{Ask, Azure};
use super::error::{AzureError, Reply};
use super::retry::retry_after;
use crate::web::http::Answer;

/// How long an operation may take. A snapshot of a large disk or a stop takes minutes.
pub(super) const PATIENCE: Duration = Duration::from_mins(45);
/// How often it is asked about unless Azure says.
pub(super) const PACE: Duration = Duration::from_secs(5);

/// Where to ask how far an operation is.
#[derive(Debug, PartialEq, Eq)]
enum Poll {
    /// Its status is in the body.
    Status(String),
    /// It has ended when this does not answer 202.
    Location(String),
}

#[derive(Debug, Deserialize)]
struct Status {
    status: String,
    #[serde(default)]
    error: Option<serde_json::Value>,
}

impl Azure {
    /// Makes a call and waits until what it began has ended.
    pub(super) async fn carry_out(&self, subscription: &str, ask: &Ask<'_>) -> Result<Answer, AzureError> {
        let began = Instant::now();
        let mut answer = self.ask(subscription, ask).await?;
        let Some(poll) = poll(&answer) else { return Ok(answer) };
        let (Poll::Status(url) | Poll::Location(url)) = &poll;
        // The token goes there.
        if !self.cloud.arm.is_origin_of(url) {
            return Err(AzureError::Unexpected {
                what: ask.what.to_owned(),
                reason: "it names another host to ask about the operation".to_owned(),
            });
        }
        let look = Ask { method: Method::GET, body: None, ..ask.clone() }.repeatable();
        loop {
            let told = retry_after(answer.header(RETRY_AFTER.as_str()), self.caller.clock());
            let wait = told.unwrap_or(PACE).max(Duration::from_secs(1));
            if began.elapsed() + wait > PATIENCE {
                return Err(AzureError::TooSlow { what: ask.what.to_owned(), after: began.elapsed() });
            }
            self.caller.tell(&format!("to {}: {} s so far", ask.what, began.elapsed().as_secs()));
            tokio::time::sleep(wait).await;
            answer = self.ask_url(subscription, &look, url).await?;
            match &poll {
                Poll::Location(_) if answer.status == StatusCode::ACCEPTED => {}
                Poll::Location(_) => return Ok(answer),
                Poll::Status(_) => {
                    if ended(ask.what, &answer)? {
                        return Ok(answer);
                    }
                }
            }
        }
    }
}

fn poll(answer: &Answer) -> Option<Poll> {
    let header = |name: &str| answer.header(name).map(str::to_owned);
    let status = header("azure-asyncoperation").or_else(|| header("operation-location"));
    match (status, header(LOCATION.as_str())) {
        (Some(url), _) => Some(Poll::Status(url)),
        (None, Some(url)) if answer.status == StatusCode::ACCEPTED => Some(Poll::Location(url)),
        _ => None,
    }
}

fn ended(what: &str, answer: &Answer) -> Result<bool, AzureError> {
    let status: Status = super::arm::decode(what, answer)?;
    match status.status.to_ascii_lowercase().as_str() {
        "succeeded" => Ok(true),
        "failed" | "canceled" => {
            let error = serde_json::json!({ "error": status.error });
            let mut reply = Reply::of(0, error.to_string().as_bytes());
            if reply.code.is_empty() {
                reply.code = status.status;
            }
            Err(AzureError::Failed { what: what.to_owned(), reply })
        }
        _ => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use hyper::body::Bytes;
    use hyper::http::HeaderMap;

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: map,
            body: Bytes::from(body.to_owned()),
        }
    }

    #[test]
    fn where_to_ask() {
        let operation = [("azure-asyncoperation", "https://a/o"), ("location", "https://a/l")];
        assert_eq!(poll(&answer(201, &operation, "")), Some(Poll::Status("https://a/o".to_owned())));
        assert_eq!(poll(&answer(202, &operation[1..], "")), Some(Poll::Location("https://a/l".to_owned())));
        assert_eq!(poll(&answer(201, &operation[1..], "")), None);
        assert_eq!(poll(&answer(200, &[], "{}")), None);
    }

    #[test]
    fn how_it_ended() {
        let ended = |body: &str| ended("copy the disk", &answer(200, &[], body));
        assert!(ended(r#"{"status":"Succeeded"}"#).unwrap());
        assert!(!ended(r#"{"status":"InProgress"}"#).unwrap());
        let error = ended(r#"{"status":"Failed","error":{"code":"Quota","message":"full"}}"#).unwrap_err();
        assert_eq!(error.to_string(), "to copy the disk failed in Azure: Quota: full");
        let error = ended(r#"{"status":"Canceled"}"#).unwrap_err();
        assert_eq!(error.to_string(), "to copy the disk failed in Azure: Canceled (status 0)");
        assert_eq!(ended("{}").unwrap_err().code(), "azure-unexpected");
    }
}
