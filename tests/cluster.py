"""A Ray cluster of some nodes on this machine, in a process of its own: it ends when that one's input closes.

`python tests/cluster.py NODES CPUS GPUS` prints one JSON line: the address and the pid of each node's raylet.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil

# Ray replaces 127.0.0.1 by another address of the machine; all of 127.0.0.0/8 is loopback.
_HOSTS = tuple(f"127.0.0.{number}" for number in range(2, 8))
_STORE = 80 * 1024 * 1024


class RayCluster(NamedTuple):
    address: str
    raylets: tuple[int, ...]

    def lose(self, number: int) -> None:
        """A node is gone at once; Ray ends what ran there."""
        os.kill(self.raylets[number], signal.SIGKILL)


@contextmanager
def ray_cluster(nodes: int, cpus: int = 2, gpus: int = 0) -> Iterator[RayCluster]:
    """The first node is the head; each has so many CPUs to give, and accelerators that Ray takes for H100s."""
    command = [sys.executable, __file__, str(nodes), str(cpus), str(gpus)]
    with ExitStack() as stack:
        # Ray gives a node thirty seconds to start, which a busy machine may not have.
        for _ in range(_TRIES):
            process = stack.enter_context(
                subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | _ENV
                )
            )
            assert process.stdin is not None
            assert process.stdout is not None
            stack.callback(process.stdin.close)
            if said := next((line for line in process.stdout if line.startswith("{")), None):
                told = json.loads(said)
                yield RayCluster(told["address"], tuple(told["raylets"]))
                return
        raise AssertionError("there is no Ray cluster")


_TRIES = 3
# Ray makes its workers nice, and what runs in them with them.
_ENV = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}


def main() -> None:
    folder = tempfile.mkdtemp(prefix="jixi-ray-")
    # Ray writes there where the last cluster is, and makes no folder for that.
    os.environ["RAY_TMPDIR"] = folder
    Path(folder, "ray").mkdir()
    from ray.cluster_utils import Cluster

    nodes, cpus, gpus = map(int, sys.argv[1:])
    named = {"num_gpus": gpus, "resources": {"accelerator_type:H100": 1}} if gpus else {}
    made = named | {
        "num_cpus": cpus,
        "object_store_memory": _STORE,
        "include_dashboard": False,
        "temp_dir": folder,
    }
    cluster = Cluster()
    try:
        # The cluster's own list of them has no order.
        started = [cluster.add_node(**made, node_ip_address=host) for host in _HOSTS[:nodes]]
        cluster.wait_for_nodes()
        raylets = [node.all_processes["raylet"][0].process.pid for node in started]
        print(json.dumps({"address": cluster.address, "raylets": raylets}), flush=True)
        sys.stdin.read()
    except Exception:  # noqa: BLE001  (whoever waits for a cluster is to see why there is none)
        traceback.print_exc()
    finally:
        # Its own way out waits for nodes that may be lost.
        for process in psutil.Process().children(recursive=True):
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)


if __name__ == "__main__":
    main()
