"""The program of the ledger's process: `python -m jixi.governance.ledger._worker SOCKET`."""

import itertools
import socket
import sys
from collections.abc import Iterator
from typing import Final

from jixi.governance.ledger._commit import GroupCommit
from jixi.governance.ledger._frames import Frames, frame
from jixi.governance.ledger._operations import decode_operations, encode_results
from jixi.storage import Database

_READ: Final = 1 << 20


def main() -> None:
    """Write what arrives until the other side hangs up, be it by dying."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(sys.argv[1])
        arrivals = _arrivals(line)
        address, *early = next(arrivals)
        commit = GroupCommit(Database(address.decode()))
        for payloads in itertools.chain([early] if early else [], arrivals):
            operations = [operation for payload in payloads for operation in decode_operations(payload)]
            line.sendall(frame(encode_results(commit.write(operations))))
        commit.close()


def _arrivals(line: socket.socket) -> Iterator[list[bytes]]:
    """Everything that arrived since the last look, at least one frame."""
    frames = Frames()
    while data := line.recv(_READ):
        if payloads := list(frames.feed(data)):
            yield payloads


if __name__ == "__main__":
    main()
