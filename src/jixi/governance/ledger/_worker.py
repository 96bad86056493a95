"""The program of the ledger's process: `python -m jixi.governance.ledger._worker SOCKET [SHARED]`.

At SOCKET it finds its house, which says which database. At SHARED other processes of the server find it, so that one
commit holds what all of them have.
"""

import contextlib
import selectors
import socket
import sys
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, cast

from jixi.governance.ledger._commit import GroupCommit
from jixi.governance.ledger._frames import Frames, frame
from jixi.governance.ledger._operations import Operation, Result, decode_operations, encode_results
from jixi.storage import Database

_READ: Final = 1 << 16
_PATIENCE_S: Final = 1.0


def main() -> None:
    """Write what arrives until everybody has hung up, be it by dying. After the house nobody new is taken."""
    house = _Peer(socket.socket(socket.AF_UNIX))
    house.line.connect(sys.argv[1])
    if (address := house.greeting()) is None:
        return
    commit = GroupCommit(Database(address.decode()))
    serve(house, [Path(each) for each in sys.argv[2:]], commit)
    commit.close()


def serve(house: "_Peer", shared: Sequence[Path], commit: GroupCommit) -> None:
    with selectors.DefaultSelector() as waiting, contextlib.ExitStack() as stack:
        listening = [stack.enter_context(_listening(path)) for path in shared]
        for each in listening:
            waiting.register(each, selectors.EVENT_READ)
        waiting.register(house.line, selectors.EVENT_READ, house)
        peers = [house]
        while peers:
            write(commit, peers)
            for key, _ in waiting.select():
                peer = cast("_Peer | None", key.data)
                if peer is None:
                    peer = _Peer(cast("socket.socket", key.fileobj).accept()[0])
                    waiting.register(peer.line, selectors.EVENT_READ, peer)
                    peers.append(peer)
                elif not peer.hear():
                    waiting.unregister(peer.line)
                    peer.line.close()
                    peers.remove(peer)
            if house not in peers and listening:
                for each in listening:
                    waiting.unregister(each)
                    each.close()
                listening.clear()


def write(commit: GroupCommit, peers: Iterable["_Peer"]) -> None:
    """Write what all of them have asked for, and answer each."""
    asking = [peer for peer in peers if peer.asks]
    if asking:
        results = iter(commit.write([operation for peer in asking for operation in peer.asked]))
        for peer in asking:
            peer.answer(list(islice(results, len(peer.asked))))


class _Peer:
    """Who brings operations, and is answered in their order. `asks` stays true until it is, be it without any."""

    def __init__(self, line: socket.socket) -> None:
        self.line = line
        self.asks = False
        self.asked: list[Operation] = []
        self._frames = Frames()
        line.settimeout(_PATIENCE_S)

    def greeting(self) -> bytes | None:
        """The first frame; what came behind it is asked for. None where it hangs up instead."""
        self.line.settimeout(None)
        while data := self.line.recv(_READ):
            if payloads := list(self._frames.feed(data)):
                self.line.settimeout(_PATIENCE_S)
                self._take(payloads[1:])
                return payloads[0]
        return None

    def hear(self) -> bool:
        """Read what has arrived; False where it has hung up, or says what makes no sense."""
        try:
            data = self.line.recv(_READ)
            self._take(self._frames.feed(data))
        except (OSError, ValueError):
            return False
        return bool(data)

    def answer(self, results: list[Result]) -> None:
        """Who does not take its answers is hung up on: the others must not wait for it."""
        self.asks = False
        self.asked.clear()
        try:
            self.line.sendall(frame(encode_results(results)))
        except OSError:
            with contextlib.suppress(OSError):
                self.line.shutdown(socket.SHUT_RDWR)

    def _take(self, payloads: Iterable[bytes]) -> None:
        for payload in payloads:
            self.asks = True
            self.asked += decode_operations(payload)


def _listening(path: Path) -> socket.socket:
    """For this user alone, in place of what a process before us has left."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    path.chmod(0o600)
    listening.listen()
    return listening


if __name__ == "__main__":
    main()
