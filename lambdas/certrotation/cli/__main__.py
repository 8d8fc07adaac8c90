"""The command `python -m certrotation.cli`."""

from certrotation.cli.main import main

if __name__ == "__main__":
    main()
