"""What a text among the settings must look like, where not any text will do.

Makes the check of one field, the sections of the settings say which; and blots out what is
secret in an address before it is shown. Imports nothing of the project.
"""

import re
from typing import Final, TypeVar

from pydantic import AfterValidator, SecretStr

_USER: Final = re.compile(r"//.*@", re.DOTALL)
_QUERY: Final = re.compile(r"(://[^?#]*)[?#].*", re.DOTALL)

_Text = TypeVar("_Text", str, SecretStr, None)


def matching(pattern: re.Pattern[str], expected: str) -> AfterValidator:
    """Make a check for `Annotated`; a setting that is not set passes.

    Args:
        pattern: what the whole text must match.
        expected: said where it does not; never shows the text, which may be a secret.
    """

    def check(value: _Text) -> _Text:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if text is not None and not pattern.fullmatch(text):
            raise ValueError(f"expected {expected}")
        return value

    return AfterValidator(check)


def without_secrets(text: str) -> str:
    """Blot out what is secret in an address: user and password, query and fragment."""
    return _QUERY.sub(r"\1?…", _USER.sub("//…@", text))
