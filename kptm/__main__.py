"""``python -m kptm``: the command line, for launchers of modules such as ``accelerate``."""

from kptm.cli.main import main

if __name__ == "__main__":
    main()
