//! The driver's message table, by number (ReactOS sacmsg.mc, Server 2003, and public transcripts).
//! Each message ends in CR LF except where its comment says so; some go on after what is filled in.

/// 1
pub(super) const INITIALIZED: &str = "\r\nComputer is booting, SAC started and initialized.\r\n\r\n\
Use the \"ch -?\" command for information about using channels.\r\n\
Use the \"?\" command for general help.\r\n\r\n";
/// 2
pub(super) const NEW_LINE: &str = "\r\n";
/// 3, without a line end.
pub(super) const PROMPT: &str = "SAC>";
/// 5
pub(super) const SHUTTING_DOWN: &str =
    "The SAC will become unavailable soon.  The computer is shutting down.\r\n\r\n";
/// 6
pub(super) const WRONG_PARAMETER: &str =
    "A parameter was incorrect or missing.  Try the 'help' command for more details.\r\n";
/// 7
pub(super) const THREADS_ON: &str = "Thread information is now ON.\r\n";
/// 8
pub(super) const THREADS_OFF: &str = "Thread information is now OFF.\r\n";
/// 9
pub(super) const PAGING_ON: &str = "Paging is now ON.\r\n";
/// 10
pub(super) const PAGING_OFF: &str = "Paging is now OFF.\r\n";
/// 48: the status in hexadecimal, a full stop and CR LF follow.
pub(super) const FAILED_WITH_STATUS: &str = "Failed with status 0x";
/// 52
pub(super) const ADDRESS_NOT_SET: &str = "SAC could not set the IP Address.\r\n";
/// 54
pub(super) const ADDRESS_SET: &str = "SAC successfully set the IP Address, subnet mask, and gateway.\r\n";
/// 55
pub(super) const NOT_KILLED: &str = "SAC failed to terminate the process.\r\n";
/// 56
pub(super) const KILLED: &str = "SAC successfully terminated the process.\r\n";
/// 57
pub(super) const NOT_LOWERED: &str = "SAC failed to lower the process priority.\r\n";
/// 58
pub(super) const LOWERED: &str = "SAC successfully lowered the process priority.\r\n";
/// 59
pub(super) const NOT_RAISED: &str = "SAC failed to raise the process priority.\r\n";
/// 60
pub(super) const RAISED: &str = "SAC successfully raised the process priority.\r\n";
/// 61
pub(super) const NOT_LIMITED: &str = "SAC failed to limit the available process memory.\r\n";
/// 62
pub(super) const LIMITED: &str = "SAC successfully limited the available process memory.\r\n";
/// 63
pub(super) const NEVER_LOWERED: &str =
    "SAC cannot raise the priority of a process that was not previously lowered.\r\n";
/// 82
pub(super) const MORE: &str = "----Press <Enter> for more----\r\n";
/// 83
pub(super) const RETRIEVING_ADDRESSES: &str = "SAC is retrieving IP Addresses...\r\n";
/// 85
pub(super) const NO_ADDRESSES: &str = "There are no IP Addresses available.\r\n";
/// 88
pub(super) const YEAR_RESTRICTED: &str = "The year is restricted from 1980 to 2099.\r\n";
/// 105
pub(super) const UNRECOGNIZED: &str = "Unrecognized command.  Try the 'help' command for more details.\r\n";
/// 106
pub(super) const SAC_STAYS: &str = "Error: The SAC channel cannot be closed.\r\n";
/// 107
pub(super) const NO_SUCH_NAME: &str = "Error: Could not find a channel with that name.\r\n";
/// 108: the rows of channels follow.
pub(super) const CHANNEL_LIST: &str = "Channel List\r\n\r\n\
(Use \"ch -?\" for information on using channels)\r\n\r\n\
# Status  Channel Name\r\n";
/// 109: the name and CR LF follow.
pub(super) const CHANNEL_CREATED: &str =
    "EVENT:   A new channel has been created.  Use \"ch -?\" for channel help.\r\nChannel: ";
/// 110: the name and CR LF follow.
pub(super) const CHANNEL_CLOSED: &str = "EVENT:   A channel has been closed.\r\nChannel: ";
/// 114
pub(super) const PREPARING_RESTART: &str = "SAC preparing to restart the system.\r\n";
/// 115
pub(super) const PREPARING_SHUTDOWN: &str = "SAC preparing to shutdown the system.\r\n";
/// 120
pub(super) const LAUNCH_TIMED_OUT: &str = "Timeout: Unable to launch a Command Prompt.  The service responsible for\r\n\
\x20        launching Command Prompt channels has timed out.  This may be\r\n\
\x20        because the service is malfunctioning or is unresponsive.\r\n";
/// 121
pub(super) const LAUNCHED: &str = "The Command Prompt session was successfully launched.\r\n";
/// 128
pub(super) const NOT_CREATED: &str = "Error: The SAC Command Console session failed to be created.\r\n";
/// 131
pub(super) const NOT_REGISTERED: &str = "Error: Unable to launch a Command Prompt.  The service responsible for launching\r\n\
\x20      Command Prompt channels has not yet registered.  This may be because the\r\n\
\x20      service is not yet started, is disabled by the administrator, is\r\n\
\x20      malfunctioning or is unresponsive.\r\n";
/// 132
pub(super) const CMD_AVAILABLE: &str = "EVENT: The CMD command is now available.\r\n";
/// 133
pub(super) const CMD_UNAVAILABLE: &str = "EVENT: The CMD command is unavailable.\r\n";
/// 136
pub(super) const CHANNEL_HELP: &str = "Channel management commands:\r\n\r\n\
ch                   List all channels.\r\n\r\n\
Status Legend: (AB)\r\n\
A: Channel operational status\r\n\
\x20   'A' = Channel is active.\r\n\
\x20   'I' = Channel is inactive.\r\n\
B: Channel Type\r\n\
\x20   'V' = VT-UTF8 emulation.\r\n\
\x20   'R' = Raw - no emulation.\r\n\r\n\
ch -si <#>           Switch to a channel by its number.\r\n\
ch -sn <name>        Switch to a channel by its name.\r\n\
ch -ci <#>           Close a channel by its number.\r\n\
ch -cn <name>        Close a channel by its name.\r\n\r\n\
Press <esc><tab> to select a channel.\r\n\
Press <esc><tab>0 to return to the SAC channel.\r\n";
/// 137
pub(super) const NO_SUCH_INDEX: &str = "Error: There is no channel present at the specified index.\r\n";
/// 145, without a line end.
pub(super) const SAC_DESCRIPTION: &str = "Special Administration Console";
/// 147
pub(super) const LOCKED: &str = "Locked access to all Command Prompt channels.\r\n";
/// 148
pub(super) const CMD_DISABLED: &str = "Launching of Command Prompt channels is disabled.\r\n";
/// 149
pub(super) const WRONG_MASK: &str = "The specified subnet mask is invalid.\r\n";
/// 150
pub(super) const NO_INTERFACE: &str = "Error, missing network interface number.\r\n";
/// 151
pub(super) const WRONG_ADDRESS: &str = "The specified IP address is invalid.\r\n";
/// 152
pub(super) const WRONG_GATEWAY: &str = "The specified gateway IP address is invalid.\r\n";
/// 154
pub(super) const NO_FREE_CHANNEL: &str = "The maximum number of channels has been reached.\r\n";

/// The list of `?`, in its order on Server 2008 and later (a public transcript, which also has `IPv4 addr.`).
pub(super) const HELP: [&str; 20] = [
    "ch                   Channel management commands.  Use ch -? for more help.\r\n",
    "cmd                  Create a Command Prompt channel.\r\n",
    "d                    Dump the current kernel log.\r\n",
    "f                    Toggle detailed or abbreviated tlist info.\r\n",
    "? or help            Display this list.\r\n",
    "i                    List all IP network numbers and their IP addresses.\r\n",
    "i <#> <ip> <subnet> <gateway> Set IPv4 addr., subnet and gateway.\r\n",
    "id                   Display the computer identification information.\r\n",
    "k <pid>              Kill the given process.\r\n",
    "l <pid>              Lower the priority of a process to the lowest possible.\r\n",
    "lock                 Lock access to Command Prompt channels.\r\n",
    "m <pid> <MB-allow>   Limit the memory usage of a process to <MB-allow>.\r\n",
    "p                    Toggle paging the display.\r\n",
    "r <pid>              Raise the priority of a process by one.\r\n",
    "s                    Display the current time and date (24 hour clock used).\r\n",
    "s mm/dd/yyyy hh:mm   Set the current time and date (24 hour clock used).\r\n",
    "t                    Tlist.\r\n",
    "restart              Restart the system immediately.\r\n",
    "shutdown             Shutdown the system immediately.\r\n",
    "crashdump            Crash the system. You must have crash dump enabled.\r\n",
];
