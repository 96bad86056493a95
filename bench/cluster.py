"""A node of a two-node Ray cluster is lost under load: seconds until every replica is back, and calls that failed.

Both nodes are on this machine, so it is the time that Ray takes to be sure, and the engine to start, and no more. (Its
name is not ray.py: a script of that name would stand in the way of the package.)
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from _harness import ROOT, Figures, asked, say


async def measure(calls: int) -> tuple[float, int, int]:
    """Seconds until full, calls, and those of them that failed."""
    from tests.cluster import ray_cluster
    from tests.faults.callers import Callers
    from tests.faults.test_nodes import lose_under_load, on_cluster

    with (
        tempfile.TemporaryDirectory(prefix="jixi-bench-") as home,
        ray_cluster(2) as cluster,
        on_cluster(Path(home), cluster) as place,
    ):
        callers = Callers(place, place.key)
        seconds = await lose_under_load(place, cluster, callers, calls)
        return seconds, len(callers.answers), sum(not each.complete for each in callers.answers)


def main() -> None:
    quick = asked(__doc__).quick
    sys.path.append(str(ROOT))
    seconds, calls, failed = asyncio.run(measure(100 if quick else 2000))
    say(f"{calls} calls, {failed} failed; {seconds:.1f} s from the loss of a node to full replicas")
    figures = Figures()
    # Ray's verdict takes about fifteen seconds; the rest is for an engine that starts on a busy machine.
    figures.add("cluster_seconds_from_node_loss_to_full_replicas", seconds, "<=", 60)
    figures.add("cluster_calls_failed_by_node_loss", failed, "<=", 0)
    figures.print()


if __name__ == "__main__":
    main()
