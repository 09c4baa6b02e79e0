"""The checks of the flagship as a careful pexpect script: no delays, a search window, a prompt of its own, one line a
check that carries its exit code behind a mark that its echo cannot match, output cut at the echo and at the mark.

    flagship.py HOST PORT USER PASSWORD COMMANDS     (a command a line)

It proves no echo before Enter, fetches no output that scrolled off, and takes nothing back: it has less to do.
"""
import json
import re
import socket
import sys
import time

from pexpect.fdpexpect import fdspawn

ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\x00")


class Counted:
    """Bytes each way, and how often something was sent after something had come."""
    sent = received = turns = 0
    last = "received"


def main():
    host, port, user, password, commands = sys.argv[1:]
    commands = [line for line in open(commands).read().splitlines() if line]
    began = time.perf_counter()
    line = socket.create_connection((host, int(port)))
    child = fdspawn(line.fileno(), timeout=60, maxread=65536, searchwindowsize=8192)
    child.delaybeforesend = None
    read = child.read_nonblocking

    def counted(size=1, timeout=-1):
        data = read(size, timeout)
        Counted.received += len(data)
        Counted.last = "received"
        return data

    child.read_nonblocking = counted

    def send(text):
        Counted.sent += len(text)
        Counted.turns += Counted.last == "received"
        Counted.last = "sent"
        child.send(text)

    send("\r")
    child.expect_exact(b"SAC>")
    send("cmd\r")
    # To its end: a read may cut the number.
    child.expect(rb"Channel: (Cmd\d+)\r")
    channel = child.match.group(1).decode()
    child.expect_exact(b"SAC>")
    send(f"ch -sn {channel}\r")
    child.expect_exact(b"Use any other key to view this channel.")
    send(" ")
    for prompt, answer in ((b"Username: ", user), (b"Domain  : ", ""), (b"Password: ", password)):
        child.expect_exact(prompt)
        send(answer + "\r")
    child.expect_exact(b"system32>")
    send("prompt q$G\r")
    child.expect(rb"\n(?:\x1b\[[0-9;]*[A-Za-z])*q>")
    opened = time.perf_counter() - began
    at_prompt = (Counted.sent, Counted.received)
    results = []
    for number, command in enumerate(commands):
        # The child expands the exit code when the command has ended; the caret keeps the echo from matching.
        send(f"cls & ({command}) & call echo END^{number}=%^errorlevel%=\r")
        child.expect(rb"END%d=(-?\d+)=" % number)
        code = int(child.match.group(1))
        output = ESCAPES.sub(b"", child.before)
        results.append((code, len(output)))
        child.expect_exact(b"q>")
    total = time.perf_counter() - began
    send("exit\r")
    line_time = max(Counted.sent, Counted.received) / 11520
    print(json.dumps({
        "opening_s": opened, "total_s": total, "sent": Counted.sent, "received": Counted.received,
        "turns": Counted.turns, "lines": len(commands), "line_time_s": line_time,
        "at_prompt": at_prompt, "codes": [code for code, _ in results],
    }))


main()
