//! A serial port behind a terminal server that sets its line as told (RFC 2217): `ser2net`, Moxa, Digi, Lantronix.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::endpoint::address;
use super::tcp::{self, TcpLine};
use super::telnet::TelnetStream;
use super::wakers::Half;
use super::{FlowControl, Line, LineSettings, OpenError, Parity, Refused, Signal};
use crate::telnet::com_port::{self, Control, LineState, Message, ModemState, Purge, StopBits};
use crate::telnet::{Connection, End, Event, Opt, Side};

/// How long a server may be silent before we speak first.
const GREETING: Duration = Duration::from_secs(2);

/// How long the answers may take: to our wishes, then to the settings.
const ANSWERS: Duration = Duration::from_secs(3);

/// How long the line is held at "space" for a break.
const BREAK: Duration = Duration::from_millis(300);

/// An open port.
#[derive(Debug)]
pub(super) struct Rfc2217Line {
    stream: TelnetStream<TcpLine>,
    what: String,
    /// While a break is on.
    breaking: Option<Pin<Box<Sleep>>>,
    /// Errors of the line that were told already.
    told: LineState,
}

/// Connects and sets the line.
pub(super) async fn open(host: &str, port: u16, settings: LineSettings) -> Result<Rfc2217Line, OpenError> {
    let what = format!("RFC 2217 port {} at {}", address(host, port), settings.mode());
    let line = tcp::open(host, port).await?;
    let mut stream = TelnetStream::new(line, Connection::with_com_port(End::Client));
    negotiate(&mut stream, &what).await?;
    set(&mut stream, &what, settings).await?;
    Ok(Rfc2217Line { stream, what, breaking: None, told: LineState::default() })
}

async fn negotiate<S>(stream: &mut TelnetStream<S>, what: &str) -> Result<(), OpenError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let unusable = |reason: &str, help: &str| {
        Err(OpenError::Unusable { what: what.to_owned(), reason: reason.to_owned(), help: help.to_owned() })
    };
    let greeted = stream.greeted(GREETING).await;
    stream.let_in(what, greeted)?;
    if !stream.connection.speaks_telnet() {
        stream.connection.propose_com_port();
        let answered = stream.until(ANSWERS, |stream| stream.connection.speaks_telnet()).await;
        stream.let_in(what, answered)?;
    }
    let settled = stream.settled(ANSWERS).await;
    stream.let_in(what, settled)?;
    if !stream.connection.speaks_telnet() {
        return unusable("it does not speak telnet", "use tcp:HOST:PORT if it passes the bytes as they are");
    }
    if ![Side::Ours, Side::Theirs].iter().any(|side| stream.connection.is_on(*side, Opt::COM_PORT)) {
        return unusable(
            "it speaks telnet, but not RFC 2217",
            "use telnet:HOST:PORT, and set the speed at the terminal server",
        );
    }
    Ok(())
}

/// Sets the line. An answer with another value is refused; no answer is not, since servers give none for what their
/// port has not (`ser2net` for DTR and RTS of a pty, and for all settings in front of a socket).
async fn set<S>(stream: &mut TelnetStream<S>, what: &str, settings: LineSettings) -> Result<(), OpenError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let wanted = vital(settings);
    for message in &wanted {
        stream.connection.send_com_port(message);
    }
    for message in tolerated(settings) {
        stream.connection.send_com_port(&message);
    }
    let deadline = Instant::now() + ANSWERS;
    let mut missing = wanted;
    while !missing.is_empty() && Instant::now() < deadline {
        let rest = deadline.saturating_duration_since(Instant::now());
        let heard = stream.until(rest, TelnetStream::has_events).await;
        stream.let_in(what, heard)?;
        let events = stream.take_events();
        if events.is_empty() {
            break;
        }
        for event in events {
            let Event::ComPort(answer) = event else { continue };
            let Some(at) = missing.iter().position(|asked| same_setting(asked, &answer)) else { continue };
            let asked = missing.remove(at);
            if asked != answer {
                return Err(OpenError::Unusable {
                    what: what.to_owned(),
                    reason: format!("asked for {}, the server set {}", name(&asked), name(&answer)),
                    help:
                        "ask for what the port can do (`?baud=9600`), or set the port at the terminal server"
                            .to_owned(),
                });
            }
        }
    }
    if !missing.is_empty() {
        let unanswered: Vec<String> = missing.iter().map(name).collect();
        tracing::warn!(port = what, "the terminal server did not confirm {}", unanswered.join(", "));
    }
    Ok(())
}

/// Settings without which the console is noise.
fn vital(settings: LineSettings) -> Vec<Message> {
    vec![
        Message::Baud(settings.baud),
        Message::DataBits(settings.data_bits),
        Message::Parity(match settings.parity {
            Parity::None => com_port::Parity::None,
            Parity::Odd => com_port::Parity::Odd,
            Parity::Even => com_port::Parity::Even,
        }),
        Message::StopBits(if settings.stop_bits == 2 { StopBits::Two } else { StopBits::One }),
    ]
}

/// What may go unanswered.
fn tolerated(settings: LineSettings) -> Vec<Message> {
    let flow = match settings.flow {
        FlowControl::None => Control::FlowNone,
        FlowControl::Software => Control::FlowSoftware,
        FlowControl::Hardware => Control::FlowHardware,
    };
    let mut messages = vec![
        Message::Signature(concat!("sacpilot ", env!("CARGO_PKG_VERSION")).into()),
        Message::Control(flow),
        Message::Control(if settings.dtr == Some(Signal::Off) { Control::DtrOff } else { Control::DtrOn }),
    ];
    if settings.flow != FlowControl::Hardware {
        let off = settings.rts == Some(Signal::Off);
        messages.push(Message::Control(if off { Control::RtsOff } else { Control::RtsOn }));
    }
    // What the server kept of before: received at another speed it is noise, and what is old is not what is there now.
    messages.push(Message::Purge(Purge::Both));
    messages.push(Message::LineStateMask(ERRORS));
    messages.push(Message::ModemStateMask(ModemState(0)));
    messages
}

/// Errors that we want to hear of.
const ERRORS: LineState = LineState::OVERRUN.and(LineState::PARITY).and(LineState::FRAMING);

fn same_setting(one: &Message, other: &Message) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

fn name(message: &Message) -> String {
    match message {
        Message::Baud(baud) => format!("{baud} baud"),
        Message::DataBits(bits) => format!("{bits} data bits"),
        Message::Parity(com_port::Parity::None) => "no parity".to_owned(),
        Message::Parity(parity) => format!("{} parity", format!("{parity:?}").to_lowercase()),
        Message::StopBits(StopBits::One) => "1 stop bit".to_owned(),
        Message::StopBits(StopBits::Two) => "2 stop bits".to_owned(),
        other => format!("{other:?}"),
    }
}

impl Rfc2217Line {
    fn poll_break(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(sleep) = &mut self.breaking {
            ready!(sleep.as_mut().poll(context));
            self.breaking = None;
            self.stream.connection.send_com_port(&Message::Control(Control::BreakOff));
        }
        Poll::Ready(())
    }

    fn tell_errors(&mut self) {
        for event in self.stream.take_events() {
            let Event::ComPort(Message::LineState(state)) = event else { continue };
            for (error, text) in [
                (
                    LineState::FRAMING,
                    "framing errors: the speed of the two ends differs, or the line is noisy",
                ),
                (LineState::PARITY, "parity errors: the settings of the two ends differ"),
                (LineState::OVERRUN, "overruns: bytes of the console got lost"),
            ] {
                if state.has(error) && !self.told.has(error) {
                    self.told = self.told.and(error);
                    tracing::warn!(port = self.what, "the terminal server reports {text}");
                }
            }
        }
    }
}

impl AsyncRead for Rfc2217Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.poll_break(context).is_ready() {
            let _ = self.stream.poll_drain(Half::Reading, context);
        }
        let result = pin!(&mut self.stream).poll_read(context, buffer);
        self.tell_errors();
        result
    }
}

impl AsyncWrite for Rfc2217Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // Bytes during a break would be lost.
        ready!(self.poll_break(context));
        pin!(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        pin!(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        pin!(&mut self.stream).poll_shutdown(context)
    }
}

impl Line for Rfc2217Line {
    fn describe(&self) -> String {
        self.what.clone()
    }

    fn refused(&self) -> Option<Refused> {
        self.stream.refused()
    }

    fn hang_up(&mut self, error: Option<&io::Error>) -> String {
        self.stream.hang_up(error)
    }

    fn send_break(&mut self) -> io::Result<()> {
        self.stream.connection.send_com_port(&Message::Control(Control::BreakOn));
        self.breaking = Some(Box::pin(tokio::time::sleep(BREAK)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// A server of which the tests decide what it answers to a message.
    async fn serve(
        listener: TcpListener,
        connection: Connection,
        answer: impl Fn(&Message) -> Option<Message>,
    ) -> (TelnetStream<TcpStream>, Vec<Message>) {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = TelnetStream::new(stream, connection);
        stream.connection.greet();
        let mut heard = Vec::new();
        // The mask of the modem lines is the last thing a client says.
        while !heard.contains(&Message::ModemStateMask(ModemState(0))) {
            if stream.until(ANSWERS, TelnetStream::has_events).await.is_err() || !stream.has_events() {
                break;
            }
            for event in stream.take_events() {
                let Event::ComPort(message) = event else { continue };
                if let Some(answer) = answer(&message) {
                    stream.connection.send_com_port(&answer);
                }
                heard.push(message);
            }
        }
        stream.flush().await.unwrap();
        (stream, heard)
    }

    async fn listener() -> (TcpListener, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    fn vital_only(message: &Message) -> Option<Message> {
        let vital = vital(LineSettings::default());
        vital.iter().any(|known| same_setting(known, message)).then(|| message.clone())
    }

    #[tokio::test]
    async fn the_line_is_set_and_signals_may_go_unanswered() {
        let (listener, port) = listener().await;
        let settings = LineSettings {
            baud: 9600,
            data_bits: 7,
            parity: Parity::Even,
            stop_bits: 2,
            flow: FlowControl::Hardware,
            ..LineSettings::default()
        };
        let server = serve(listener, Connection::with_com_port(End::Server), vital_only);
        let (line, (mut server, heard)) = tokio::join!(open("127.0.0.1", port, settings), server);
        let mut line = line.unwrap();
        assert_eq!(line.describe(), format!("RFC 2217 port 127.0.0.1:{port} at 9600 7E2 rtscts"));
        let expected = [
            Message::Baud(9600),
            Message::DataBits(7),
            Message::Parity(com_port::Parity::Even),
            Message::StopBits(StopBits::Two),
            Message::Signature(concat!("sacpilot ", env!("CARGO_PKG_VERSION")).into()),
            Message::Control(Control::FlowHardware),
            Message::Control(Control::DtrOn),
            Message::Purge(Purge::Both),
            Message::LineStateMask(ERRORS),
            Message::ModemStateMask(ModemState(0)),
        ];
        assert_eq!(heard, expected);

        // A break holds back what is written meanwhile.
        line.send_break().unwrap();
        let write = async {
            line.write_all(b"after").await.unwrap();
            line.flush().await.unwrap();
            line
        };
        let read = async {
            let mut bytes = [0; 5];
            server.read_exact(&mut bytes).await.unwrap();
            (bytes, server.take_events())
        };
        let (_, (bytes, events)) = tokio::join!(write, read);
        assert_eq!(&bytes, b"after");
        let controls = [Control::BreakOn, Control::BreakOff].map(|c| Event::ComPort(Message::Control(c)));
        assert_eq!(events, controls);
    }

    #[tokio::test]
    async fn a_server_that_sets_something_else_is_refused() {
        let (listener, port) = listener().await;
        let slow = |message: &Message| match message {
            Message::Baud(_) => Some(Message::Baud(9600)),
            other => vital_only(other),
        };
        let server = serve(listener, Connection::with_com_port(End::Server), slow);
        let (line, _) = tokio::join!(open("127.0.0.1", port, LineSettings::default()), server);
        assert_eq!(
            line.unwrap_err().to_string(),
            format!(
                "the RFC 2217 port 127.0.0.1:{port} at 115200 8N1 cannot be used: asked for 115200 baud, the server \
                 set 9600 baud"
            )
        );
    }

    #[tokio::test]
    async fn a_server_without_the_option_is_refused() {
        let (listener, port) = listener().await;
        let server = serve(listener, Connection::new(End::Server), vital_only);
        let (line, _) = tokio::join!(open("127.0.0.1", port, LineSettings::default()), server);
        let error = line.unwrap_err();
        assert_eq!((error.code(), error.help().starts_with("use telnet:")), ("open-unusable", true));
    }

    /// Time is virtual as soon as nothing is on its way.
    #[tokio::test(start_paused = true)]
    async fn silence_is_answered_by_a_proposal_and_then_given_up() {
        let (near, mut far) = tokio::io::duplex(4096);
        let mut stream = TelnetStream::new(near, Connection::with_com_port(End::Client));
        let error = negotiate(&mut stream, "port").await.unwrap_err();
        assert_eq!(error.to_string(), "the port cannot be used: it does not speak telnet");
        drop(stream);
        let mut said = Vec::new();
        far.read_to_end(&mut said).await.unwrap();
        assert_eq!(said, [255, 251, 44, 255, 251, 0], "and no byte that a console takes for Ctrl-C");
    }

    #[tokio::test(start_paused = true)]
    async fn no_answers_at_all_are_taken_for_consent() {
        let (near, far) = tokio::io::duplex(4096);
        let mut stream = TelnetStream::new(near, Connection::with_com_port(End::Client));
        let mut server = TelnetStream::new(far, Connection::with_com_port(End::Server));
        server.connection.greet();
        let negotiated = async {
            negotiate(&mut stream, "port").await.unwrap();
            set(&mut stream, "port", LineSettings::default()).await.unwrap();
        };
        let mute = server.until(Duration::from_mins(1), |_| false);
        let ((), ended) = tokio::join!(negotiated, mute);
        ended.unwrap();
    }
}
