"""pexpect: default and tuned (bytes, large reads, a search window, no delay before sending)."""
import json
import sys
import time

import pexpect


def spawn(program, arguments, tuned):
    options = {"maxread": 65536, "searchwindowsize": 4096} if tuned else {}
    child = pexpect.spawn(program, arguments, timeout=120, echo=False, **options)
    if tuned:
        child.delaybeforesend = None
        child.delayafterread = None
    import tty
    tty.setraw(child.child_fd)
    return child


def main():
    kind, how, *rest = sys.argv[1:]
    tuned = how == "tuned"
    if kind == "sentinel":
        file, patterns = rest[0], int(rest[1])
        child = spawn("cat", [file], tuned)
        never = [b"NEVER-%03d-[0-9a-f]+ at ([0-9]+)!" % n for n in range(1, patterns)]
        assert child.expect([b"SENTINEL-[0-9a-f]+ exit=([0-9]+)\r?\n", *never]) == 0
    elif kind == "pairs":
        child = spawn(rest[0], [], tuned)
        count = int(rest[1])
        began = time.perf_counter()
        for n in range(count):
            child.send(b"ask %d\n" % n)
            child.expect(b"OK ([0-9]+)\r?\n")
            assert child.match.group(1) == b"%d" % n
        print(json.dumps({"us": (time.perf_counter() - began) * 1e6 / count}))
    elif kind == "first":
        import os
        import pexpect.fdpexpect
        line = pexpect.fdpexpect.fdspawn(os.open(rest[0], os.O_RDWR | os.O_NOCTTY), timeout=10)
        line.send(b"\r")
        line.expect(b"SAC>")


main()
