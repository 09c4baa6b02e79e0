//! HTTP/1.1 over TLS: requests to the resource manager and the authority, upgrades to the gateway.

use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE,
};
use hyper::http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::calls::Call;
use super::cloud::{Act, Asked, Outcome, Reply};
use super::{Shared, gateway, lock};

type Answer = Response<Full<Bytes>>;

/// Accepts connections for ever.
pub(super) async fn serve(listener: TcpListener, tls: Arc<ServerConfig>, shared: Arc<Shared>) {
    let acceptor = TlsAcceptor::from(tls);
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(acceptor.clone(), stream, Arc::clone(&shared)));
                }
            }
            // Those that have ended are forgotten; dropping the set ends the rest.
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(acceptor: TlsAcceptor, stream: TcpStream, shared: Arc<Shared>) {
    let _ = stream.set_nodelay(true);
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let upgraded = Arc::new(std::sync::Mutex::new(None));
    let service = service_fn(|request| {
        let shared = Arc::clone(&shared);
        let upgraded = Arc::clone(&upgraded);
        async move {
            let (answer, joined) = answer(&shared, request).await?;
            if let Some(joined) = joined {
                *lock(&upgraded) = Some(joined);
            }
            Ok::<_, Cut>(answer)
        }
    });
    let done = http1::Builder::new()
        .timer(hyper_util::rt::TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    if done.is_err() {
        return;
    }
    let joined = lock(&upgraded).take();
    if let Some((id, upgrade)) = joined
        && let Ok(stream) = upgrade.await
    {
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(stream), Role::Server, None).await;
        gateway::serve(shared, id, socket).await;
    }
}

/// The connection is cut instead of an answer.
#[derive(Debug, thiserror::Error)]
#[error("cut")]
struct Cut;

impl From<Infallible> for Cut {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

type Joined = (String, hyper::upgrade::OnUpgrade);

async fn answer(shared: &Shared, mut request: Request<Incoming>) -> Result<(Answer, Option<Joined>), Cut> {
    let upgrade = is_upgrade(&request).then(|| hyper::upgrade::on(&mut request));
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let body = Limited::new(body, 1 << 20).collect().await.map_err(|_| Cut)?.to_bytes();
    let body = String::from_utf8_lossy(&body).into_owned();
    let bearer = parts
        .headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(str::to_owned);
    let headers: Vec<(String, String)> = parts
        .headers
        .iter()
        .filter(|(name, _)| *name != AUTHORIZATION)
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    look_for_leaks(shared, &target, &headers, &body);
    let asked = Asked {
        method: parts.method.as_str(),
        target: &target,
        headers: &headers,
        body: &body,
        bearer: bearer.as_deref(),
        now: shared.started.elapsed(),
    };
    let mut joined = None;
    let outcome = match (session_of(&target), upgrade) {
        (Some((id, "client")), Some(upgrade)) => {
            let switches = lock(&shared.switches).clone();
            gateway::delay(&switches).await;
            Outcome::Answer(refusal(shared, id).unwrap_or_else(|| {
                joined = Some((id.to_owned(), upgrade));
                Reply::status(101)
            }))
        }
        (Some((id, command)), None) => Outcome::Answer(admin(shared, id, command, &asked)),
        _ => cloud(shared, &asked),
    };
    let reply = match outcome {
        Outcome::Answer(reply) => Some(reply),
        Outcome::Cut => None,
    };
    let status = reply.as_ref().map_or(0, |reply| reply.status);
    let mut shown = headers;
    if bearer.is_some() {
        shown.push(("authorization".to_owned(), "***".to_owned()));
    }
    let call = Call::Request { method: parts.method.to_string(), target, headers: shown, body, status };
    lock(&shared.calls).push(call);
    let reply = reply.ok_or(Cut)?;
    let key = parts.headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    Ok((response(&reply, key), joined))
}

fn is_upgrade(request: &Request<Incoming>) -> bool {
    let upgrade = request.headers().get(UPGRADE).and_then(|value| value.to_str().ok());
    *request.method() == Method::GET && upgrade.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// `/n/connector/C/sessions/ID/client` or `…/adminCommand/NAME`: the id and what is wanted of the session.
fn session_of(target: &str) -> Option<(&str, &str)> {
    let path = target.split('?').next()?;
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["", "n", "connector", _, "sessions", id, "client"] => Some((id, "client")),
        ["", "n", "connector", _, "sessions", id, "adminCommand", command] => Some((id, command)),
        _ => None,
    }
}

/// Why an upgrade is refused. invented: the bodies.
fn refusal(shared: &Shared, id: &str) -> Option<Reply> {
    let mut switches = lock(&shared.switches);
    if switches.blocked {
        return Some(Reply::page(200, "<html><body>This site is blocked.</body></html>"));
    }
    if let Some((status, times)) = &mut switches.refuse
        && *times > 0
    {
        *times -= 1;
        return Some(Reply::error(*status, "Refused", "The session cannot be joined."));
    }
    drop(switches);
    let joined = lock(&shared.sessions).join(id);
    (!joined).then(|| Reply::error(404, "NotFound", "There is no such session."))
}

fn admin(shared: &Shared, id: &str, command: &str, asked: &Asked<'_>) -> Reply {
    let trusted = asked.bearer.is_some_and(|token| lock(&shared.cloud).accepts(token));
    if asked.method != "POST" {
        return Reply::error(405, "MethodNotAllowed", "");
    }
    if !trusted {
        return Reply::error(401, "Unauthorized", "The token is not accepted.");
    }
    if !lock(&shared.sessions).is_trusted(id) {
        return Reply::error(404, "NotFound", "There is no such session.");
    }
    let body: serde_json::Value = serde_json::from_str(asked.body).unwrap_or_default();
    if body["command"] != command || !body["requestId"].is_string() {
        return Reply::error(400, "BadRequest", "The command is not understood.");
    }
    match command {
        "nmi" => shared.controls.nmi(),
        "reset" => shared.controls.reset(),
        "sysrq" => {}
        _ => return Reply::error(400, "BadRequest", "The command is not known."),
    }
    Reply::json(200, &serde_json::json!({}))
}

fn cloud(shared: &Shared, asked: &Asked<'_>) -> Outcome {
    let mut cloud = lock(&shared.cloud);
    let outcome = cloud.answer(asked);
    let acts = cloud.take_acts();
    drop(cloud);
    for act in acts {
        match act {
            Act::OpenSession(id) => lock(&shared.sessions).open(id),
            Act::Start => shared.controls.start(),
            Act::Stop => shared.controls.stop(),
            Act::Restart => shared.controls.restart(),
        }
    }
    outcome
}

fn look_for_leaks(shared: &Shared, target: &str, headers: &[(String, String)], body: &str) {
    let cloud = lock(&shared.cloud);
    let mut calls = lock(&shared.calls);
    if cloud.holds_token(target) {
        calls.leak("the address of a request");
    }
    for (name, value) in headers {
        if cloud.holds_token(value) {
            calls.leak(format!("the header {name}"));
        }
    }
    if cloud.holds_token(body) {
        calls.leak("the body of a request");
    }
}

fn response(reply: &Reply, key: Option<&[u8]>) -> Answer {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    if reply.status == StatusCode::SWITCHING_PROTOCOLS.as_u16() {
        let proof = derive_accept_key(key.unwrap_or_default());
        response = response
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_ACCEPT, proof);
    } else if !reply.body.is_empty() {
        response = response.header(CONTENT_TYPE, reply.kind);
    }
    response.body(Full::new(Bytes::from(reply.body.clone()))).unwrap_or_default()
}
