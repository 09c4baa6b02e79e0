//! Serial ports: UARTs, USB adapters, virtual COM ports.
//!
//! The port is opened exclusively (`TIOCEXCL` and `flock`), so that a second program is refused rather than given
//! every other byte. A port that goes away, or whose other end hangs up, ends the line; it never spins.

use std::io;
use std::path::Path;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;
use tokio_serial::{DataBits, ErrorKind, SerialPort as _, SerialStream, StopBits};

use super::{FlowControl, Line, LineSettings, OpenError, Parity, Signal};

/// How long the line is held at "space" for a break; POSIX says at least a quarter of a second.
const BREAK: Duration = Duration::from_millis(300);

/// An open serial port.
#[derive(Debug)]
pub(super) struct SerialLine {
    stream: SerialStream,
    port: String,
    settings: LineSettings,
    /// While a break is on.
    breaking: Option<Pin<Box<Sleep>>>,
}

/// Opens a port and sets its line.
pub(super) fn open(port: &str, settings: LineSettings) -> Result<SerialLine, OpenError> {
    let path = Path::new(port);
    let what = describe(port, settings);
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if std::fs::metadata(path).is_ok_and(|found| !found.file_type().is_char_device()) {
            return Err(OpenError::WrongKind { path: port.to_owned(), wanted: "a serial port" });
        }
    }
    let builder = tokio_serial::new(port, settings.baud)
        .data_bits(match settings.data_bits {
            5 => DataBits::Five,
            6 => DataBits::Six,
            7 => DataBits::Seven,
            _ => DataBits::Eight,
        })
        .parity(match settings.parity {
            Parity::None => tokio_serial::Parity::None,
            Parity::Odd => tokio_serial::Parity::Odd,
            Parity::Even => tokio_serial::Parity::Even,
        })
        .stop_bits(if settings.stop_bits == 2 { StopBits::Two } else { StopBits::One })
        .flow_control(match settings.flow {
            FlowControl::None => tokio_serial::FlowControl::None,
            FlowControl::Software => tokio_serial::FlowControl::Software,
            FlowControl::Hardware => tokio_serial::FlowControl::Hardware,
        });
    let mut stream = SerialStream::open(&builder).map_err(|error| match error.kind {
        ErrorKind::Io(io::ErrorKind::NotFound) => {
            OpenError::NotFound { what: what.clone(), instead: names() }
        }
        // A lock that somebody else has, or a port that is unplugged at this moment.
        ErrorKind::NoDevice => OpenError::of_path(what.clone(), path, io::ErrorKind::ResourceBusy.into()),
        ErrorKind::Io(kind) => OpenError::of_path(what.clone(), path, kind.into()),
        ErrorKind::InvalidInput | ErrorKind::Unknown => OpenError::Unusable {
            what: what.clone(),
            reason: error.description,
            help: "check that it is a serial port and takes these settings".to_owned(),
        },
    })?;
    set_signals(&mut stream, settings, &what);
    Ok(SerialLine { stream, port: port.to_owned(), settings, breaking: None })
}

/// Sets DTR and RTS. Virtual ports often have none: a warning when they were asked for, never a failure.
fn set_signals(stream: &mut SerialStream, settings: LineSettings, what: &str) {
    let told = |name, wish: Option<Signal>, result: tokio_serial::Result<()>| match (wish, result) {
        (Some(_), Err(error)) => tracing::warn!("the {what} does not take {name}: {error}"),
        (None, Err(error)) => tracing::info!("the {what} has no {name}: {error}"),
        (_, Ok(())) => {}
    };
    let on = |wish| wish != Some(Signal::Off);
    told("DTR", settings.dtr, stream.write_data_terminal_ready(on(settings.dtr)));
    if settings.flow != FlowControl::Hardware {
        told("RTS", settings.rts, stream.write_request_to_send(on(settings.rts)));
    }
}

/// The serial ports of this computer, by name.
fn names() -> Vec<String> {
    super::ports().into_iter().map(|port| port.path).collect()
}

fn describe(port: &str, settings: LineSettings) -> String {
    format!("serial port {port} at {}", settings.mode())
}

impl SerialLine {
    fn end_break(&mut self, context: &mut Context<'_>) {
        if let Some(sleep) = &mut self.breaking
            && sleep.as_mut().poll(context).is_ready()
        {
            self.breaking = None;
            let _ = self.stream.clear_break();
        }
    }
}

impl AsyncRead for SerialLine {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.end_break(context);
        pin!(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for SerialLine {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // Bytes during a break would be lost.
        if let Some(sleep) = &mut self.breaking {
            ready!(sleep.as_mut().poll(context));
            self.end_break(context);
        }
        pin!(&mut self.stream).poll_write(context, bytes)
    }

    /// What was written is with the system. Draining here (`tcdrain`) would block the whole program while flow
    /// control holds the line.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Line for SerialLine {
    fn describe(&self) -> String {
        describe(&self.port, self.settings)
    }

    fn hang_up(&mut self, error: Option<&io::Error>) -> String {
        if cfg!(unix) && !Path::new(&self.port).exists() {
            return "the port is gone (was the USB adapter unplugged?)".to_owned();
        }
        match error {
            // EIO and an end of file are how a terminal says that its other end hung up.
            Some(error) if error.raw_os_error() != Some(5) => error.to_string(),
            _ => "the other end hung up".to_owned(),
        }
    }

    fn send_break(&mut self) -> io::Result<()> {
        self.stream.set_break()?;
        self.breaking = Some(Box::pin(tokio::time::sleep(BREAK)));
        Ok(())
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    use rustix::termios::{ControlModes, tcgetattr, ttyname};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::super::suite;
    use super::*;

    fn pair() -> (pty_process::Pty, pty_process::Pts, String) {
        let (other_end, terminal) = pty_process::open().unwrap();
        let name = ttyname(&terminal, Vec::new()).unwrap();
        let port = OsStr::from_bytes(name.to_bytes()).to_str().unwrap().to_owned();
        (other_end, terminal, port)
    }

    #[tokio::test]
    async fn bytes_go_both_ways_and_a_hang_up_is_told() {
        let (mut peer, terminal, port) = pair();
        let line = open(&port, LineSettings::default()).unwrap();
        drop(terminal);
        assert_eq!(line.describe(), format!("serial port {port} at 115200 8N1"));
        let mut line = suite::carries_every_byte(line, &mut peer).await;
        drop(peer);
        let reason = suite::hang_up(&mut line).await;
        assert_eq!(reason, "the port is gone (was the USB adapter unplugged?)");
    }

    #[tokio::test]
    async fn the_line_is_set() {
        let (_peer, terminal, port) = pair();
        let settings = LineSettings {
            baud: 9600,
            data_bits: 7,
            parity: Parity::Even,
            stop_bits: 2,
            dtr: Some(Signal::Off),
            ..LineSettings::default()
        };
        let _line = open(&port, settings).unwrap();
        let mode = tcgetattr(&terminal).unwrap();
        assert_eq!(mode.input_speed(), 9600);
        // Linux keeps a pty at 8 data bits without parity.
        assert!(mode.control_modes.contains(ControlModes::CSTOPB));
    }

    #[tokio::test]
    async fn a_second_one_is_refused() {
        let (_peer, _terminal, port) = pair();
        let first = open(&port, LineSettings::default()).unwrap();
        let error = open(&port, LineSettings::default()).err().unwrap();
        assert_eq!(error.code(), "open-busy", "{error}");
        drop(first);
        open(&port, LineSettings::default()).unwrap();
    }

    #[tokio::test]
    async fn what_cannot_be_opened_is_said() {
        let error = open("/dev/ttyNOPE7", LineSettings::default()).err().unwrap();
        assert_eq!(
            (error.code(), error.to_string().as_str()),
            ("open-not-found", "there is no serial port /dev/ttyNOPE7 at 115200 8N1")
        );
        let error = open("/dev/null", LineSettings::default()).err().unwrap();
        assert_eq!(error.code(), "open-unusable", "{error}");
        let error = open("/", LineSettings::default()).err().unwrap();
        assert_eq!(error.to_string(), "/ is not a serial port");
    }

    #[tokio::test]
    async fn a_break_holds_back_what_is_written_meanwhile() {
        let (mut peer, _terminal, port) = pair();
        let mut line = open(&port, LineSettings::default()).unwrap();
        if let Err(error) = line.send_break() {
            println!("skipped: a pty takes no break here: {error}");
            return;
        }
        tokio::time::pause();
        let began = tokio::time::Instant::now();
        line.write_all(b"after").await.unwrap();
        assert!(began.elapsed() >= BREAK);
        let mut bytes = [0; 5];
        peer.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"after");
    }
}
