//! The process list of `t`, in the form of messages 69 to 81.
//!
//! invented: Windows' numbers behind memory, page faults and threads; the processes are those of the machine.

use std::fmt::Write as _;
use std::time::Duration;

use crate::sim::windows::World;

const MEMORY: u32 = 4_193_780;

/// The lines, with their ends; the threads of each process as well when `threads`.
pub(super) fn lines(world: &World, threads: bool) -> Vec<String> {
    let up = world.uptime();
    let seconds = up.as_secs();
    let used: u32 = world.processes.iter().map(|process| process.memory).sum();
    let available = MEMORY.saturating_sub(used + 700_000);
    let mut text = format!(
        "memory: {MEMORY:4} kb  uptime:{:3} {:2}:{:02}:{:02}.{:03}\r\n\r\n\r\n",
        seconds / 86_400,
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60,
        up.subsec_millis()
    );
    text += "PageFile: \\??\\D:\\pagefile.sys\r\n";
    let _ = write!(
        text,
        "        Current Size: {:6} kb  Total Used: {:6} kb   Peak Used {:6} kb\r\n",
        1_048_576, 24_212, 31_004
    );
    let _ = write!(
        text,
        "\r\n Memory:{MEMORY:7}K Avail:{available:7}K  TotalWs:{used:7}K InRam Kernel:{:5}K P:{:5}K\r\n",
        6_212, 98_336
    );
    let _ = write!(
        text,
        " Commit:{:7}K/{:7}K Limit:{:7}K Peak:{:7}K  Pool N:{:5}K P:{:5}K\r\n",
        used + 412_000,
        5_242_356,
        5_242_356,
        used + 530_000,
        61_040,
        121_876
    );
    text += "    User Time   Kernel Time    Ws   Faults  Commit Pri Hnd Thd  Pid Name\r\n";
    let _ = write!(
        text,
        "                           {:6} {:8}                          File Cache\r\n",
        92_104, 801_224
    );
    for process in world.processes.iter() {
        let age = world.now().saturating_sub(process.started);
        let _ = write!(
            text,
            "{} {}{:6} {:8} {:7} {:2} {:4} {:3} {:4} {}\r\n",
            clock(age / 900),
            clock(age / 400),
            process.memory,
            process.memory / 3 + process.pid,
            process.memory * 3 / 4,
            8,
            90 + process.pid % 400,
            2 + process.pid % 17,
            process.pid,
            process.image
        );
    }
    if threads {
        for process in world.processes.iter() {
            let _ = write!(
                text,
                "\r\npid:{:3x} pri:{:2} Hnd:{:5} Pf:{:7} Ws:{:7}K {}\r\n",
                process.pid,
                8,
                90 + process.pid % 400,
                process.memory / 3 + process.pid,
                process.memory,
                process.image
            );
            text += " tid pri Ctx Swtch StrtAddr    User Time  Kernel Time  State\r\n";
            let _ = write!(
                text,
                " {:3x}  {:2} {:9} {:016X} {} {} Wait:Executive\r\n",
                process.pid + 4,
                9,
                process.pid * 7,
                0x7ffb_1a2c_0000_u64 + u64::from(process.pid),
                &clock(Duration::ZERO)[1..],
                &clock(Duration::ZERO)[1..]
            );
        }
    }
    text.split_inclusive("\r\n").map(str::to_owned).collect()
}

fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{:3}:{:02}:{:02}.{:03}", seconds / 3600, seconds / 60 % 60, seconds % 60, time.subsec_millis())
}
