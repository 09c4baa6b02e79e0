//! sacpilot drives a Windows machine through its serial console (EMS/SAC) when the network is gone.
//!
//! ```text
//!             bytes                chars              text events
//!  endpoint ─► transport ─► recorder ─► encoding ─► screen ─► expect ─► console ─► sac ─► shell ─► engine ─► events ─► report
//!    serial      line        tap, both   UTF-8 as    vt100     streaming  type,      SAC>,   login,   steps,     │       terminal,
//!    pty unix    control     directions, one byte    marks     matcher,   expect,    ch,     cmd      journal,   │       JSON
//!    tcp exec                timed,      stream      lines     screen     pace,      cmd,             undo       ▼
//!    sim                     redacted                          queries    echo       EVENT               (observers only)
//!                 ◄──────────────────── bytes to send (verified, paced, recorded, redacted) ◄─────┘
//!                                                                                script ─► check ─► plan ─► engine
//! ```
//!
//! Everything that decides takes bytes and a time and does no I/O; only [`transport`], [`console`] and
//! [`cli`] (and the code between them that awaits) touch the world, on tokio's clock alone.
//!
//! Index, lowest layer first. A module names only those above it in this list; `tests/it/layers.rs` holds that.
//!
//! | module | what lives there |
//! |---|---|
//! | [`secret`] | text that never shows itself |
//! | [`encoding`] | streaming UTF-8, OEM and CJK code pages |
//! | [`powershell`] | PowerShell's grammar |
//! | [`telnet`] | telnet and its COM-PORT option, for both ends, without I/O |
//! | [`recording`] | timed two-way recording, asciicast, redaction |
//! | [`sim`] | a Windows machine behind a byte stream; knows nothing of the driver |
//! | [`bridge`] | a simulated Azure in front of a console: resource manager and gateway |
//! | [`web`] | the way to a host by its URL: proxy, TLS, the upgrade to a websocket |
//! | [`azure`] | tokens, resource manager calls, the way to a session of the serial console |
//! | [`transport`] | endpoints and the ways in; each one async byte line |
//! | [`screen`] | the terminal model: rows, marks, scroll-back, repaint epoch |
//! | [`expect`] | patterns and the streaming matcher |
//! | [`console`] | the owner of one line: waits, echo-verified typing, pacing, take-over |
//! | [`sac`] | what SAC prints, where we are, the way to a prompt |
//! | [`shell`] | login; cmd: one command in, exit code and exact output out |
//! | [`script`] | text → typed script → checked → plan |
//! | [`inventory`] | `targets.yaml`: names → endpoint, account, secret source, tags, parameters |
//! | [`engine`] | runs a plan: check, change, verify, undo; events, journal |
//! | [`report`] | consumers of events: terminal, JSON lines, report files |
//! | [`replay`] | recordings compared, explained, cut into fixtures, audited |
//! | [`cli`] | arguments, one file per command; the only place that prints or exits |

pub mod azure;
pub mod bridge;
pub mod cli;
pub mod console;
pub mod encoding;
pub mod engine;
pub mod expect;
pub mod inventory;
pub mod powershell;
pub mod recording;
pub mod replay;
pub mod report;
pub mod sac;
pub mod screen;
pub mod script;
pub mod secret;
pub mod shell;
pub mod sim;
pub mod telnet;
pub mod transport;
pub mod web;
