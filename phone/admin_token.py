"""The token that a server demands of who looks at its calls: an option, else the environment.

Owns the option of the commands that read `/calls/{CallSid}`. Where the token is sent is
`webhook.get`'s business.
"""

import argparse
import os
from typing import Final

ADMIN_TOKEN: Final = "ADMIN_TOKEN"  # noqa: S105 - the name of the variable
"""Read from the environment where no `--admin-token` is given."""


def add_admin_token(command: argparse.ArgumentParser) -> None:
    """Add the option."""
    command.add_argument(
        "--admin-token", help=f"the server's {ADMIN_TOKEN}; else from the environment"
    )


def admin_token(parsed: argparse.Namespace) -> str | None:
    """Return the token of a command line; None to send none."""
    given: str | None = parsed.admin_token
    return given or os.environ.get(ADMIN_TOKEN) or None
