"""`python -m jixi` is `jixi`."""

from jixi.cli import main

if __name__ == "__main__":
    main()
