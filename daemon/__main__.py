"""`python -m daemon` is `supportd`."""

from daemon.cli.app import main

if __name__ == "__main__":
    main()
