"""`python -m jixi` is `jixi`."""

from jixi.cli import main

main()
