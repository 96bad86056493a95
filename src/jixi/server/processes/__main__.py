"""`python -m jixi.server.processes LINE LISTENING…`: a gateway process, started by its house with these open files."""

from jixi.server.processes._worker import main

if __name__ == "__main__":
    main()
