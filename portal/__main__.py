"""What `portal` and `python -m portal` run."""

import gc


def main() -> None:
    gc.disable()  # of what is imported nothing is garbage: looking for it would be a tenth of the start
    from portal import cli

    gc.freeze()
    gc.enable()
    cli.main()


if __name__ == "__main__":
    main()
