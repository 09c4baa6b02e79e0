"""Microsoft's own SDK, and the websocket library of its command line, at a simulated Azure.

Says what came of it, one line each; nothing in here knows how our side is made.
usage: client.py URL CA SUBSCRIPTION
"""

import sys
import time

import websocket
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError
from azure.mgmt.serialconsole import MicrosoftSerialConsoleClient

URL, CA, SUBSCRIPTION = sys.argv[1:4]
TOKEN = "simulated.static.token"


class Static:
    """A credential whose token is known."""

    def __init__(self, token):
        self.token = token

    def get_token(self, *_scopes, **_options):
        return AccessToken(self.token, int(time.time()) + 3600)


def client(token=TOKEN):
    return MicrosoftSerialConsoleClient(
        Static(token), SUBSCRIPTION, base_url=URL, connection_verify=CA, retry_total=0
    )


def connect(machine):
    return client().serial_ports.connect("rg", "Microsoft.Compute", "virtualMachines", machine, "0").connection_string


def join(machine="winvm"):
    return websocket.create_connection(
        connect(machine), sslopt={"ca_certs": CA}, timeout=20, skip_utf8_validation=True
    )


def until(socket, text):
    seen = ""
    while text not in seen:
        data = socket.recv()
        if isinstance(data, bytes):
            data = data.decode("utf-8", "replace")
        seen += data
    return seen


def main():
    disabled = client().get_console_status("default").properties.disabled
    print("the console is disabled:", disabled)
    client().disable_console("default")
    print("and now:", client().get_console_status("default").properties.disabled)
    client().enable_console("default")
    print("and again:", client().get_console_status("default").properties.disabled)

    ports = client().serial_ports.list("rg", "Microsoft.Compute", "virtualMachines", "winvm").value
    print("ports:", [port.name for port in ports])

    first = join()
    print("the gateway speaks first:", repr(until(first, "\n")))
    first.send(TOKEN)
    first.send("\r")
    until(first, "SAC>")
    for key in "ch -?\r":
        first.send(key)
    print("SAC helps:", "Channel management commands" in until(first, "SAC>"))

    second = join()
    until(second, "\n")
    second.send(TOKEN)
    second.send("\r")
    until(second, "SAC>")
    try:
        while True:
            opcode, data = first.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                print("the older session is closed:", int.from_bytes(data[:2], "big"))
                break
    except websocket.WebSocketConnectionClosedException:
        print("the older session is gone")
    second.close()

    stranger = join()
    until(stranger, "\n")
    stranger.send("wrong")
    opcode, data = stranger.recv_data()
    print("a wrong token:", int.from_bytes(data[:2], "big"), data[2:].decode())

    for name, call in [
        ("a token that is none", lambda: client("wrong").get_console_status("default")),
        ("a machine that is none", lambda: connect("nobody")),
    ]:
        try:
            call()
            print(name, "is accepted")
        except HttpResponseError as error:
            print(f"{name}: {error.status_code} {error.error.code if error.error else ''}")


main()
