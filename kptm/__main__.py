"""``python -m kptm``: the command line, for what starts Python modules, such as ``accelerate launch``."""

from kptm.cli.main import main

if __name__ == "__main__":
    main()
